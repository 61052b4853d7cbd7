/** What went wrong in PostgreSQL, in words that hold no stored value: neither the parameters nor the server's details. */
import { SQL } from 'bun'

/** The engine failed. `sqlstate` is the server's code, `code` the client's. */
export class PostgresFailure extends Error {
  override name = 'PostgresFailure'
  readonly sqlstate: string | undefined
  readonly code: string | undefined

  constructor(doing: string, what: string, codes: { sqlstate?: string | undefined; code?: string | undefined } = {}) {
    super(`Cannot ${doing} in PostgreSQL: ${what}`)
    this.sqlstate = codes.sqlstate
    this.code = codes.code
  }
}

export function sqlstateOf(error: unknown): string | undefined {
  return error instanceof SQL.PostgresError ? error.errno : undefined
}

/** The original is not kept as `cause`: its detail, and the messages of data exceptions, quote values. */
export function failureOf(doing: string, error: unknown): PostgresFailure {
  if (error instanceof PostgresFailure) return error
  if (!(error instanceof SQL.PostgresError)) return new PostgresFailure(doing, 'the driver failed')
  const { code, errno: sqlstate } = error
  const quotes = sqlstate?.startsWith('22') || sqlstate?.startsWith('23')
  const said = quotes ? 'the server refused a value' : error.message
  return new PostgresFailure(doing, `${said} (${sqlstate ?? code})`, { sqlstate, code })
}
