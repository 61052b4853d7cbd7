/** Both ends of the channel between the first process of a server and a further one: either may ask the other. */
import { createCalls, createServing, type Handler, Unanswered } from '../host/process/calls.ts'
import type { Answer, Request } from '../host/process/messages.ts'

export interface Line {
  /** Rejects if the other side fails, is gone, or does not answer within `deadline` milliseconds. */
  ask(method: string, params: Readonly<Record<string, unknown>>, deadline: number): Promise<unknown>
  received(message: unknown): void
  /** The other side is gone. */
  close(): void
}

const GONE = 'the other process has ended'

export function createLine(send: (message: object) => void, handlers: Readonly<Record<string, Handler>>): Line {
  const put = (message: object) => {
    try {
      send(message)
    } catch {
      // the other side has just ended: who waits for it hears of that
    }
  }
  const calls = createCalls({ send: put })
  let closed = false
  const serving = createServing(handlers, put)
  return {
    async ask(method, params, deadline) {
      if (closed) throw new Unanswered(GONE)
      return await calls.call(method, params, { deadline })
    },
    received(message) {
      const one = message as Request | Answer | { readonly cancel: number } // our own program at the other end
      if ('cancel' in one) serving.cancel(one.cancel)
      else if ('method' in one) serving.serve(one)
      else calls.answered(one)
    },
    close() {
      closed = true
      calls.fail(GONE)
    },
  }
}
