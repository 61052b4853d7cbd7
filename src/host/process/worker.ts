/**
 * A plugin process that is always there: started again when it ended, sooner or later depending on how it fares. Requests
 * under way at the end of one go unanswered; later ones wait for the next, or are refused while it is not to be started yet.
 */
import { Value } from '@sinclair/typebox/value'
import { type CallOptions, Unanswered } from './calls.ts'
import { TOO_LATE, within } from '../deadline.ts'
import { type Child, type ChildOptions, startChild } from './child.ts'
import { type Params, PLUGIN_METHODS, type PluginMethod, type Result } from './methods.ts'

export interface Ask {
  /** Milliseconds; what the limits say unless told. */
  readonly deadline?: number
  readonly signal?: AbortSignal
}

export type Call = <M extends PluginMethod>(method: M, params: Params<M>, ask?: Ask) => Promise<Result<M>>

export interface Worker extends AsyncDisposable {
  readonly capabilities: ReadonlySet<string>
  /** Rejects with `Unanswered`, or with `RemoteError` if the plugin says that it failed. */
  readonly call: Call
  /** Why it is not running, if it is not. */
  trouble(): string | undefined
}

export interface WorkerOptions extends ChildOptions {
  /** What a process that was started again has to be told before anything else. */
  readonly restarted?: (call: Call) => Promise<unknown>
}

/** Starts the first process; throws an `Error` with one sentence if it cannot be opened. */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { log, limits, watched } = options
  let failures = 0
  let trouble: string | undefined
  let closed = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: Promise<Child> | undefined

  const first = await startChild(options).catch((error: unknown) => {
    watched?.[Symbol.dispose]()
    throw error
  })
  const { capabilities } = first
  running = Promise.resolve(first)
  watch(first)

  function watch(child: Child): void {
    void child.ended.then((reason) => startAgain(reason))
  }

  function startAgain(reason: string): void {
    running = undefined
    if (closed) return
    failures++
    trouble = reason
    const { first: shortest, most } = limits.backOff
    const delay = failures === 1 ? 0 : Math.min(most, shortest * 2 ** (failures - 2))
    log.warn('plugin process is started again', { reason, afterMilliseconds: delay })
    if (delay === 0) restart()
    else timer = setTimeout(restart, delay)
  }

  function restart(): void {
    const starting = startNext()
    running = starting
    starting.then(watch, (error: Error) => startAgain(error.message))
  }

  async function startNext(): Promise<Child> {
    const next = await startChild(options)
    try {
      const lost = [...capabilities].filter((each) => !next.capabilities.has(each))
      if (lost.length > 0) throw new Error(`it no longer offers ${lost.join(', ')}`)
      await options.restarted?.((method, params, ask) =>
        checked(next, method, params, { deadline: limits.answer, ...ask }),
      )
    } catch (error) {
      await next.stop()
      throw error
    }
    trouble = undefined
    return next
  }

  const call: Call = async (method, params, ask = {}) => {
    const { deadline = limits.answer } = ask
    const since = performance.now()
    if (!running) throw new Unanswered(trouble ?? 'it is not running')
    const child = await within(deadline, running).catch((error: Error) => {
      throw new Unanswered(error.message)
    })
    if (child === TOO_LATE) throw new Unanswered(`no answer within ${deadline} ms`)
    const left = Math.ceil(deadline - (performance.now() - since))
    const result = await checked(child, method, params, { ...ask, deadline: Math.max(1, left) })
    failures = 0
    return result
  }

  return {
    capabilities,
    call,
    trouble: () => trouble,
    async [Symbol.asyncDispose]() {
      closed = true
      clearTimeout(timer)
      await new Promise(setImmediate) // what was asked for before is on its way by then
      const last = await running?.catch(() => undefined)
      await last?.stop()
      watched?.[Symbol.dispose]()
    },
  }
}

async function checked<M extends PluginMethod>(
  child: Child,
  method: M,
  params: Params<M>,
  ask: CallOptions,
): Promise<Result<M>> {
  const result = await child.call(method, params, ask)
  if (Value.Check(PLUGIN_METHODS[method].result, result)) return result as Result<M> // its schema was just checked
  throw new Unanswered(`its answer to "${method}" is not what the protocol says`)
}
