/** Opens the PostgreSQL storage for tests; also in another process, which imports this module. */
import { Value } from '@sinclair/typebox/value'
import type { Storage } from '#plugin'
import postgres from '../../plugins/storage/postgres/index.ts'

const quiet = () => {}

/** `argument` is a section of the configuration as JSON. */
export function open(argument: string): Promise<Storage> {
  return openStorage(JSON.parse(argument))
}

export function openStorage(section: object, warn: (message: string) => void = quiet): Promise<Storage> {
  const config = Value.Default(postgres.config, structuredClone(section))
  Value.Assert(postgres.config, config)
  return postgres.open(config, {
    id: 'storage',
    log: {
      debug: quiet,
      info: quiet,
      warn: (message, fields) => warn(`${message} ${JSON.stringify(fields)}`),
      error: warn,
    },
    now: () => 0,
    signal: new AbortController().signal,
    dataDir: import.meta.dir,
  })
}
