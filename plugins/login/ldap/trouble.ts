/** A server that cannot be used now; another one may be. Says nothing about anybody's password. */
import { ResultCodeError } from 'ldapts'

export class Trouble extends Error {
  override name = 'Trouble'
}

/** busy, unavailable, unwilling without TLS, and a referral to somewhere else, which is never followed. */
const NOT_NOW = [51, 52, 8, 10]

/** What a directory answered with a result code, unless that code says that it cannot answer. */
export function isAnswer(error: unknown): error is ResultCodeError {
  return error instanceof ResultCodeError && !NOT_NOW.includes(error.code)
}

/** Whatever else goes wrong on the way to an answer is trouble with the server. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof Trouble) return error
  if (error instanceof ResultCodeError) return new Trouble(`result code ${error.code}: ${oneLine(error.message)}`)
  const code = error instanceof Error && 'code' in error ? `${String(error.code)} ` : ''
  return new Trouble(oneLine(`${code}${error instanceof Error ? error.message : String(error)}`), { cause: error })
}

export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 200)
}
