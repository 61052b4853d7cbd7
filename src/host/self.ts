/** This program started again: the executable itself, or Bun with our entry in a checkout. */
import { dirname, join } from 'node:path'

const COMPILED = /^(?:\/\$bunfs|[A-Z]:[\\/]~BUN)/.test(import.meta.dir)

export function selfCommand(subcommand: string, ...rest: readonly string[]): string[] {
  const self = COMPILED ? [process.execPath] : [process.execPath, '--no-install', join(import.meta.dir, 'entry.ts')]
  return [...self, subcommand, ...rest]
}

/** The files that it is made of, to be readable where little is. */
export function selfFiles(): string[] {
  if (COMPILED) return [process.execPath]
  const root = join(import.meta.dir, '../..')
  return [process.execPath, dirname(import.meta.dir), join(root, 'node_modules'), join(root, 'package.json')]
}
