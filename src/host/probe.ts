/**
 * The probe: the same executable started again to load one plugin, so that one which hangs, ends the process or fails
 * a moment later does so there and not in the server. It finds broken plugins, not hostile ones: plugins are trusted code.
 */
import { writeSync } from 'node:fs'
import { parse } from 'node:path'
import { TOO_LATE, within } from './deadline.ts'
import { oneLine, PluginError, type PluginFault } from './plugin-error.ts'
import { importPlugin } from './plugin-module.ts'
import { selfCommand } from './self.ts'

/** The hidden subcommand: `plugin-probe FILE PATH`. */
export const PROBE_COMMAND = 'plugin-probe'
export const DEFAULT_DEADLINE = 3_000
/** How long a module that keeps timers running is watched for a late failure. */
const SETTLE = 300
const HANGS = 'it does not finish loading'
/** The report is the only line of the probe that starts so; a plugin may print what it likes. */
const MARK = 'leveret-probe '

export interface PluginDescription {
  readonly kind: 'login' | 'storage'
  readonly type: string
  readonly apiVersion: number
  /** The schema of its section, as JSON. */
  readonly config: unknown
}
type Report = { readonly plugin: PluginDescription } | { readonly fault: PluginFault; readonly sentence: string }

export interface Probing {
  readonly deadline?: number | undefined
  /** Puts the probe into a sandbox, for what is going to run in one. */
  readonly confine?: (command: readonly string[]) => Promise<readonly string[]>
}

/** Loads `file` in a process of its own. Throws a `PluginError` that speaks of `path`. */
export async function probe(
  file: string,
  path: string,
  { deadline = DEFAULT_DEADLINE, confine }: Probing = {},
): Promise<PluginDescription> {
  const command = selfCommand(PROBE_COMMAND, file, path)
  const child = Bun.spawn([...((await confine?.(command)) ?? command)], {
    cwd: parse(file).root, // no bunfig.toml of the plugin's
    env: {},
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'ignore',
    timeout: deadline,
    killSignal: 'SIGKILL',
  })
  const printed = new Response(child.stdout).text()
  const code = await child.exited
  // A process that the plugin left behind may keep the pipe open.
  const output = await within(500, printed)
  const line = output === TOO_LATE ? undefined : output.split('\n').findLast((each) => each.startsWith(MARK))
  const report = line === undefined ? undefined : (JSON.parse(line.slice(MARK.length)) as Report)
  if (report && 'plugin' in report) return report.plugin
  if (report) throw new PluginError(report.fault, path, report.sentence)
  if (child.signalCode === 'SIGKILL') {
    throw new PluginError('hangs', path, HANGS)
  }
  throw new PluginError('exits', path, `it ends the process while loading (exit code ${code})`)
}

/** The probe's own side. Ends the process; `argv` is what follows the subcommand. */
export async function probeMain(argv: readonly string[]): Promise<void> {
  const [file = '', path = file] = argv
  let loaded: PluginDescription | undefined
  process.on('beforeExit', () => {
    // Nothing is left to wait for: either all is well, or an await at the top of the module can never end.
    if (loaded) finish({ plugin: loaded })
    else finish(faultOf(new PluginError('hangs', path, HANGS)))
  })
  const late = (cause: unknown): void => {
    const text = oneLine(cause instanceof Error ? cause.message : String(cause))
    finish(faultOf(new PluginError('fails-later', path, `it fails after loading: ${text}`)))
  }
  process.on('unhandledRejection', late)
  process.on('uncaughtException', late)
  try {
    const { kind, type, apiVersion, config } = await importPlugin(file, path)
    loaded = { kind, type, apiVersion, config }
    const settled = { plugin: loaded }
    setTimeout(() => finish(settled), SETTLE).unref()
  } catch (error) {
    finish(faultOf(error))
  }
}

function finish(report: Report): never {
  writeSync(1, `\n${MARK}${JSON.stringify(report)}\n`)
  process.exit(0)
}

function faultOf(error: unknown): Report {
  if (error instanceof PluginError) return { fault: error.fault, sentence: error.sentence }
  return { fault: 'throws', sentence: `it cannot be loaded: ${oneLine(String(error))}` }
}
