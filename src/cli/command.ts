/**
 * The command line: commands as data. A command knows its options, arguments, help and examples, and turns a call into a
 * report; finding, parsing, printing and exit codes are the runner's, and what a command changes is the REST API's.
 */

export interface OptionSpec {
  readonly type: 'string' | 'boolean'
  readonly help: string
  /** What stands for the value in the help: `FILE`. */
  readonly value?: string
  readonly short?: string
  readonly multiple?: true
  readonly required?: true
  readonly choices?: readonly string[]
}
export type OptionSpecs = Readonly<Record<string, OptionSpec>>

type OptionValue<S extends OptionSpec> = S extends { readonly type: 'boolean' }
  ? boolean
  : S extends { readonly multiple: true }
    ? readonly string[]
    : S extends { readonly required: true }
      ? string
      : string | undefined
export type OptionValues<O extends OptionSpecs> = { readonly [K in keyof O]: OptionValue<O[K]> }

export interface ArgumentSpec {
  readonly help: string
  readonly optional?: true
  readonly choices?: readonly string[]
}
export type ArgumentSpecs = Readonly<Record<string, ArgumentSpec>>
export type ArgumentValues<A extends ArgumentSpecs> = {
  readonly [K in keyof A]: A[K] extends { readonly optional: true } ? string | undefined : string
}

export interface Example {
  readonly says: string
  readonly line: string
}

/** What a command has to say: `data` with `--json`, else `text`. */
export interface Report {
  readonly data: unknown
  readonly text: string
  /** False for a check that found something: exit code 1 with a report. */
  readonly ok?: boolean
}

export interface Call<O extends OptionSpecs = OptionSpecs, A extends ArgumentSpecs = ArgumentSpecs> {
  readonly options: OptionValues<O>
  readonly args: ArgumentValues<A>
  readonly common: CommonOptions
  readonly io: Io
}

export interface CommonOptions {
  /** The configuration file that was asked for, if one was. */
  readonly config: string | undefined
  readonly json: boolean
}

export interface Command<O extends OptionSpecs = OptionSpecs, A extends ArgumentSpecs = ArgumentSpecs> {
  readonly name: string
  readonly summary: string
  /** Paragraphs below the summary. */
  readonly about?: string
  readonly options: O
  readonly args: A
  readonly examples: readonly [Example, ...Example[]]
  /** Nothing to report for commands that write as they go. */
  run(call: Call<O, A>): Promise<Report | undefined>
}

export interface CommandGroup {
  readonly name: string
  readonly summary: string
  readonly about?: string
  readonly commands: readonly Node[]
  /** Options that choose a command: `token --watch` is `token watch`. */
  readonly shortcuts?: Readonly<Record<string, string>>
}
export type Node = Command | CommandGroup

export function isGroup(node: Node): node is CommandGroup {
  return 'commands' in node
}

/** Keeps the exact types of options and arguments for `run`. */
export function defineCommand<const O extends OptionSpecs, const A extends ArgumentSpecs>(
  command: Command<O, A>,
): Command<O, A> {
  return command
}

/** The world as a command sees it. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly now: () => number
  /** Writes to standard output as it is. */
  readonly out: (text: string) => void
  /** Writes to standard error as it is. */
  readonly err: (text: string) => void
  /** Whether headings may be bold. */
  readonly color: boolean
  readonly input: Input
  /** Resolves after so many milliseconds, or at once when the signal is aborted. */
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>
  /** Calls back on a signal to the process until disposed of. */
  readonly onSignal: (name: 'SIGINT' | 'SIGTERM' | 'SIGHUP', listener: () => void) => Disposable
}

export interface Input {
  /** Somebody is typing. */
  readonly terminal: boolean
  /** Everything up to the end of the input. */
  readonly all: () => Promise<string>
  /** A line from the terminal. */
  readonly line: (prompt: string) => Promise<string>
  /** A line from the terminal, not shown while it is typed. */
  readonly hidden: (prompt: string) => Promise<string>
}

/** Wrong usage: exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** A command that could not do its work, in one sentence: exit code 1. */
export class CommandError extends Error {
  override name = 'CommandError'
}
