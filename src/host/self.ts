/** This program started again: the executable itself, or Bun with our entry in a checkout. */
import { join } from 'node:path'

/** Whether this runs from inside the executable. */
export const COMPILED = /^(?:\/\$bunfs|[A-Z]:[\\/]~BUN)/.test(import.meta.dir)

export function selfCommand(subcommand: string, ...rest: readonly string[]): string[] {
  return [...self('entry.ts'), subcommand, ...rest]
}

/** The same for a subcommand that takes more of this program than plugins do. */
export function wholeSelfCommand(subcommand: string): string[] {
  return [...self('../main.ts'), subcommand]
}

function self(entry: string): string[] {
  return COMPILED ? [process.execPath] : [process.execPath, '--no-install', join(import.meta.dir, entry)]
}

/** The files that it is made of, to be readable where little is. */
export function selfFiles(): string[] {
  return COMPILED ? [process.execPath] : [process.execPath, join(import.meta.dir, '../..')]
}
