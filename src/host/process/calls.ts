/** Requests to the other side and their answers, and the other side's requests to this one. Both ends use both. */
import { oneLine } from '../plugin-error.ts'
import type { Answer, Request } from './messages.ts'

/** No answer will come: not in time, not wanted any more, or the process is gone. */
export class Unanswered extends Error {
  override name = 'Unanswered'
}

/** The other side answered with an error. */
export class RemoteError extends Error {
  override name = 'RemoteError'
  /** The name of the error there. */
  readonly kind: string
  constructor(kind: string, message: string) {
    super(message)
    this.kind = kind
  }
}

export interface CallOptions {
  /** Milliseconds. */
  readonly deadline: number
  readonly signal?: AbortSignal
}

export interface Calls {
  call(method: string, params: Readonly<Record<string, unknown>>, options: CallOptions): Promise<unknown>
  /** Hands the answer to who asked. One that comes too late is dropped. */
  answered(answer: Answer): 'in time' | 'late' | 'never asked'
  fail(reason: string): void
  underWay(): number
}

interface Waiting {
  resolve(result: unknown): void
  reject(error: Error): void
}

export interface CallsOptions {
  readonly send: (message: object) => void
  /** A request was not answered in time. */
  readonly late?: () => void
}

export function createCalls({ send, late }: CallsOptions): Calls {
  const waiting = new Map<number, Waiting>()
  let last = 0
  return {
    async call(method, params, { deadline, signal }) {
      if (signal?.aborted) throw new Unanswered('nobody waits for the answer')
      const id = ++last
      const { promise, resolve, reject } = Promise.withResolvers<unknown>()
      waiting.set(id, { resolve, reject })
      const giveUp = (reason: string): void => {
        if (!waiting.delete(id)) return
        reject(new Unanswered(reason))
        send({ cancel: id })
      }
      const timer = setTimeout(() => {
        giveUp(`no answer within ${deadline} ms`)
        late?.()
      }, deadline)
      const aborted = (): void => giveUp('nobody waits for the answer')
      signal?.addEventListener('abort', aborted, { once: true })
      try {
        send({ id, method, params, deadline })
        return await promise
      } finally {
        waiting.delete(id)
        clearTimeout(timer)
        signal?.removeEventListener('abort', aborted)
      }
    },
    answered(answer) {
      if (answer.id > last) return 'never asked'
      const found = waiting.get(answer.id)
      if (!found) return 'late'
      waiting.delete(answer.id)
      if ('error' in answer) found.reject(new RemoteError(answer.error.name ?? 'Error', oneLine(answer.error.message)))
      else found.resolve(answer.result)
      return 'in time'
    },
    fail(reason) {
      for (const one of waiting.values()) one.reject(new Unanswered(reason))
      waiting.clear()
    },
    underWay: () => waiting.size,
  }
}

export type Handler = (params: Readonly<Record<string, unknown>>, signal: AbortSignal) => Promise<unknown>

export interface Serving {
  serve(request: Request): void
  cancel(id: number): void
  /** Tells everything under way that nobody waits. */
  abort(): void
  /** Resolves when nothing is under way. */
  idle(): Promise<unknown>
  underWay(): number
}

export function createServing(handlers: Readonly<Record<string, Handler>>, send: (message: object) => void): Serving {
  const running = new Map<number, AbortController>()
  const work = new Set<Promise<void>>()
  async function answer({ id, method, params }: Request): Promise<void> {
    const handler = Object.hasOwn(handlers, method) ? handlers[method] : undefined
    const abort = new AbortController()
    running.set(id, abort)
    try {
      if (!handler) throw new TypeError(`Cannot answer "${oneLine(method)}": there is no such method here`)
      const result = await handler(params, abort.signal)
      if (!abort.signal.aborted) send({ id, result })
    } catch (error) {
      const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) }
      if (!abort.signal.aborted) send({ id, error: { name, message: oneLine(message) } })
    } finally {
      running.delete(id)
    }
  }
  return {
    serve(request) {
      const answering = answer(request).finally(() => work.delete(answering))
      work.add(answering)
    },
    cancel: (id) => running.get(id)?.abort(),
    abort() {
      for (const abort of running.values()) abort.abort()
    },
    idle: () => Promise.all(work),
    underWay: () => running.size,
  }
}
