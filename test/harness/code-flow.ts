/** What both sides of a code flow say in tests: the people, the request of the client, and how its answers are read. */
import type { Landing } from './html-browser.ts'

export const ALICE = { username: 'alice', password: 'vexing-Quartz-41-sphinx' }
export const BOB = { username: 'bob', password: 'jumbled-Onyx-77-zephyr' }
export const CALLBACK = 'https://app.example/callback'
export const VERIFIER = 'a-verifier-of-at-least-forty-three-characters-in-all'
export const CHALLENGE = new Bun.CryptoHasher('sha256').update(VERIFIER).digest('base64url')

export type Query = Readonly<Record<string, string | readonly string[] | undefined>>

/** An authorization request without its client. */
export const REQUEST: Query = {
  response_type: 'code',
  redirect_uri: CALLBACK,
  scope: 'openid profile',
  state: 'state-1',
  nonce: 'nonce-1',
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
}

/** Members that are `undefined` are left out. */
export function queryOf(query: Query): URLSearchParams {
  const pairs = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) for (const each of [value ?? []].flat()) pairs.append(name, each)
  return pairs
}

/** What came back to the client. */
export function answerIn({ away, path, html }: Landing): Readonly<Record<string, string>> {
  if (!away) throw new Error(`Expected the browser to be sent back to the client, not to be at ${path}: ${html}`)
  return Object.fromEntries(new URLSearchParams(away.search || away.hash.slice(1)))
}

/** The claims of a JWT, unverified. */
export function claimsOf(token: unknown): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
}
