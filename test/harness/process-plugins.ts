/** Plugins in the process tier, opened as the host opens them. */
import { join } from 'node:path'
import { Type } from '@sinclair/typebox'
import type { Credentials, LogFields, Logger, LoginSource } from '#plugin'
import { LIMITS, type Limits } from '../../src/host/process/limits.ts'
import { processPlugin } from '../../src/host/process/plugin.ts'

export interface LogLine {
  readonly level: string
  readonly message: string
  readonly fields: LogFields | undefined
}

export function recorder(): { readonly log: Logger; readonly lines: LogLine[] } {
  const lines: LogLine[] = []
  const at = (level: string) => (message: string, fields?: LogFields) => void lines.push({ level, message, fields })
  return { lines, log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } }
}

export const noCredentials: Credentials = {
  get: async () => undefined,
  put: async () => undefined,
  replace: async () => false,
  delete: async () => undefined,
}

/** Patience for tests: everything that is waited for in vain is short. */
export const IMPATIENT: Limits = {
  ...LIMITS,
  hello: 5_000,
  answer: 250,
  grace: 750,
  shutdown: 500,
  line: 100_000,
  unasked: { burst: 200, perSecond: 10 },
  backOff: { first: 50, most: 200 },
}

export interface Misbehaving {
  readonly source: LoginSource
  readonly lines: LogLine[]
}

/** The login source of `misbehaving.py`. */
export async function openMisbehaving(
  config: Readonly<Record<string, unknown>> = {},
  { limits = {}, env = {} }: { readonly limits?: Partial<Limits>; readonly env?: Record<string, string> } = {},
): Promise<Misbehaving> {
  const { log, lines } = recorder()
  const plugin = processPlugin({
    kind: 'login',
    type: 'misbehaving',
    config: Type.Record(Type.String(), Type.Unknown()),
    launch: async () => ({ command: [join(import.meta.dir, 'misbehaving.py')], env }),
    limits: { ...IMPATIENT, ...limits },
  })
  if (plugin.kind !== 'login') throw new Error('Cannot be: it is declared as a login source')
  const source = await plugin.open(config, {
    id: 'corp',
    log,
    now: () => 0,
    signal: new AbortController().signal,
    dataDir: '/nowhere',
    credentials: noCredentials,
  })
  return { source, lines }
}
