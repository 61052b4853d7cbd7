/** Other processes that open the same store: `worker.ts` run again and again, spoken to in lines of JSON. */
import type { AnyCollection, AnyRow, Commit, Counter, Increment, Step } from '#plugin'
import { kit } from './collections.ts'
import type { Store } from './case.ts'
import { BrokenPromise } from '../promise.ts'

export type Call =
  | { readonly commit: readonly WireStep[] }
  | { readonly increment: string; readonly key: AnyRow; readonly by: Increment }
  | { readonly deleteExpired: string; readonly now: number; readonly limit: number }
/** A step with names where the collections were. */
export type WireStep = Readonly<Record<string, unknown>>
export type Answer = {
  readonly commit?: Commit
  readonly counter?: Counter
  readonly removed?: number
  readonly error?: string
}

export function onTheWire(steps: readonly Step[]): WireStep[] {
  return steps.map((step) =>
    Object.fromEntries(Object.entries(step).map(([word, value]) => [word, isCollection(value) ? value.name : value])),
  )
}

export function offTheWire(steps: readonly WireStep[]): Step[] {
  const verbs = ['insert', 'update', 'take', 'delete']
  return steps.map(
    (step) =>
      Object.fromEntries(
        Object.entries(step).map(([word, value]) => [word, verbs.includes(word) ? named(value) : value]),
      ) as unknown as Step,
  )
}

/** The collection of the kit with this name. */
export function named(name: unknown): AnyCollection {
  const found = kit.find((collection) => collection.name === name)
  if (!found) throw new BrokenPromise(`The kit has no collection ${String(name)}`)
  return found
}

function isCollection(value: unknown): value is AnyCollection {
  return kit.some((collection) => collection === value)
}

export interface Processes extends AsyncDisposable {
  /** Gives each process its calls; all of them are made at once. */
  run(calls: (process: number) => readonly Call[]): Promise<readonly Answer[]>
}

/** Starts processes that open and migrate the store all at once; resolves when every one of them is ready. */
export async function processes(count: number, store: Store): Promise<Processes> {
  const { module, argument } = store.elsewhere ?? { module: '', argument: '' }
  const started = Array.from({ length: count }, () => start(module, argument))
  const lines = (line: string) =>
    Promise.all(
      started.map(async (one) => {
        const text = await one.nextLine()
        if (text === undefined) throw new BrokenPromise(`Another process ended early: ${await one.stderr()}`)
        if (line !== '' && text !== line) throw new BrokenPromise(`Another process said: ${text}`)
        return text
      }),
    )
  await lines('ready')
  return {
    async run(calls) {
      for (const [index, one] of started.entries()) one.say(JSON.stringify(calls(index)))
      return (await lines('')).flatMap((line) => JSON.parse(line) as Answer[])
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(started.map((one) => one.end()))
    },
  }
}

function start(module: string, argument: string) {
  const child = Bun.spawn([process.execPath, `${import.meta.dir}/worker.ts`, module, argument], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const lines = readLines(child.stdout)
  return {
    async nextLine() {
      return (await lines.next()).value as string | undefined
    },
    stderr: () => new Response(child.stderr).text(),
    say(line: string) {
      void child.stdin.write(`${line}\n`)
      void child.stdin.flush()
    },
    async end() {
      void child.stdin.end()
      await child.exited
    },
  }
}

async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}
