/** Runs a command line: finds the command, parses, runs, prints, and decides the exit code. */
import { ConfigError } from '../config/fault.ts'
import { type CommandGroup, type Io, isGroup, type Report, UsageError } from './command.ts'
import { helpFor } from './help.ts'
import { findCommand, type Found, parseCall } from './parse.ts'
import { Refusal } from './client.ts'
import { versionReport } from './version.ts'

const DONE = 0
const FAILED = 1
const WRONG_USAGE = 2

/** The exit code: 0 done, 1 failed, 2 wrong usage. */
export async function runCommandLine(root: CommandGroup, words: readonly string[], io: Io): Promise<number> {
  const json = words.includes('--json')
  let path: readonly string[] = [root.name]
  try {
    const found = findCommand(root, words[0] === 'help' ? [...words.slice(1), '--help'] : words)
    path = found.path
    return await execute(found, io)
  } catch (error) {
    if (error instanceof UsageError) {
      printError(io, json, { error: error.message })
      if (!json) io.err(`Run "${path.join(' ')} --help" for what it takes and examples.\n`)
      return WRONG_USAGE
    }
    if (!(error instanceof Error)) throw error
    printError(io, json, describe(error))
    return FAILED
  }
}

async function execute({ node, path, rest }: Found, io: Io): Promise<number> {
  if (isGroup(node)) return answerWithoutCommand(node, path, rest, io)
  const { options, args, common } = parseCall(node, rest)
  if (common.help) {
    io.out(helpFor(node, path, io.color))
    return DONE
  }
  // the parser has just proved that options and arguments are as the command declares them
  const report = await node.run({ options: options as never, args: args as never, common, io })
  if (report === undefined) return DONE
  printReport(io, common.json, report)
  return report.ok === false ? FAILED : DONE
}

function answerWithoutCommand(group: CommandGroup, path: readonly string[], rest: readonly string[], io: Io): number {
  const version = { type: 'boolean', short: 'V', help: 'Show version, commit and Bun version' } as const
  const { options, common } = parseCall({ options: path.length === 1 ? { version } : {}, args: {} }, rest)
  if (options['version'] === true) printReport(io, common.json, versionReport())
  else if (common.help) io.out(helpFor(group, path, io.color))
  else {
    io.err(helpFor(group, path, false))
    return WRONG_USAGE
  }
  return DONE
}

function printReport(io: Io, json: boolean, report: Report): void {
  const text = json ? JSON.stringify(report.data, null, 2) : report.text
  io.out(text === '' || text.endsWith('\n') ? text : `${text}\n`)
}

interface Failure {
  readonly error: string
  readonly code?: string
  readonly faults?: readonly { readonly path: string; readonly message: string }[]
}

function describe(error: Error): Failure {
  if (error instanceof ConfigError) return { error: error.message, faults: error.faults }
  if (error instanceof Refusal) return { error: error.message, code: error.code, faults: error.faults }
  return { error: error.message }
}

function printError(io: Io, json: boolean, failure: Failure): void {
  io.err(json ? `${JSON.stringify(failure)}\n` : `leveret: ${failure.error}\n`)
}
