/**
 * What the server and the sidecar say to each other: the sidecar protocol of the process tier (`plugins/README.md`), with
 * methods of its own. One JSON object a line; bytes travel as base64.
 */
import type { Why } from '#plugin'

export const PROTOCOL = 1
export const SIDECAR = 'kerberos-sidecar'

/** What the sidecar has to know, sent with the hello. */
export interface SidecarConfig {
  readonly keytab: string
  /** Principals that tickets may be for, realm included; the first one proves what a password brought. */
  readonly services: readonly string[]
  readonly replayCache?: string
  /** Names are those of Active Directory: let the key distribution centre find the account. */
  readonly canonicalize: boolean
}

/** Who has proven themselves, not yet judged. */
export interface Proven {
  readonly principal: string
  readonly localName?: string
  readonly logon?: { readonly username: string; readonly sid: string; readonly groups: readonly string[] }
}
export type Proof =
  | { readonly ok: true; readonly proven: Proven; readonly reply?: string }
  | { readonly ok: false; readonly why: Why; readonly detail: string }

export interface Methods {
  readonly negotiate: { readonly token: string }
  readonly password: { readonly principal: string; readonly password: string }
  /** Can the keytab be used? */
  readonly health: Readonly<Record<never, never>>
}
export type Method = keyof Methods

export type ToSidecar =
  | { readonly hello: { readonly protocol: number; readonly instance: string; readonly config: SidecarConfig } }
  | { readonly id: number; readonly method: Method; readonly params: Methods[Method]; readonly deadline: number }
  | { readonly shutdown: { readonly deadline: number } }

export type FromSidecar =
  | { readonly hello: { readonly protocol: number; readonly id: string; readonly capabilities: readonly Method[] } }
  | { readonly refused: string }
  | { readonly id: number; readonly result: Proof }
  | { readonly id: number; readonly error: { readonly name: string; readonly message: string } }

/** Lines of a stream of bytes, the last one even without its end. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}
