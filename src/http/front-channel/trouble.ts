/** Failed attempts as a page tells them. */
import { Problem } from '../../core/problem.ts'
import type { Notice, NoticeCode } from '../../web/view.ts'

export interface Failure {
  readonly notice: Notice
  readonly status: number
  readonly retryAfter?: number | undefined
}

/** For a refusal that a person can do something about; anything else is thrown on. */
export function failureOf(error: unknown, wrong: NoticeCode): Failure {
  if (!(error instanceof Problem)) throw error
  const { retryAfter } = error
  const told = (code: NoticeCode): Notice => ({ kind: 'error', code, ...(retryAfter !== undefined && { retryAfter }) })
  if (error.code === 'too_many_attempts') return { notice: told('too_many_attempts'), status: 429, retryAfter }
  if (error.code === 'unavailable') return { notice: told('unavailable'), status: 503, retryAfter }
  // Not 401, which would have to name a scheme that a browser could answer with.
  if (error.code === 'invalid_credentials') return { notice: told(wrong), status: 400 }
  throw error
}

/** What a script put into the form; anything else proves nothing. */
export function parsedPasskey(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
