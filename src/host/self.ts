/** This program started again: the executable itself, or Bun with our entry in a checkout. */
import { join } from 'node:path'

const COMPILED = /^(?:\/\$bunfs|[A-Z]:[\\/]~BUN)/.test(import.meta.dir)

export function selfCommand(subcommand: string, ...rest: readonly string[]): string[] {
  const self = COMPILED ? [process.execPath] : [process.execPath, '--no-install', join(import.meta.dir, 'entry.ts')]
  return [...self, subcommand, ...rest]
}

/** The files that it is made of, to be readable where little is. */
export function selfFiles(): string[] {
  return COMPILED ? [process.execPath] : [process.execPath, join(import.meta.dir, '../..')]
}
