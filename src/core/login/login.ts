/** The login pipeline: throttle, choose the source, verify, provision, sync groups, audit. One public answer for every refusal. */
import type { LoginSource, RedirectCallback, RedirectLogout, RedirectRequest, RedirectStart } from '#plugin'
import type { User } from '../users/records.ts'
import type { Caller } from '../world.ts'

/** An opened login source and the host's policy for it. */
export interface ConfiguredSource {
  readonly id: string
  readonly source: LoginSource
  /** Whether an unknown user may be created from it at first login. */
  readonly provision: boolean
  /** What people call it; its id unless told. */
  readonly label?: string
  /** Milliseconds between two rounds in which all of its users are asked for again. */
  readonly resync?: number
}

export interface Authentication {
  /**
   * As it was when the password was checked. Whoever makes something of this login does so in a commit that is guarded
   * by `disabled` and `passwordChangedAt`, and keeps `lastLoginAt` in the same commit.
   */
  readonly user: User
  /** All groups of the user, if the login has read them. */
  readonly groups?: readonly string[]
  /** RFC 8176. */
  readonly amr: readonly string[]
  /** Epoch milliseconds. */
  readonly authTime: number
  /** Of a login at an upstream that can be ended there too. */
  readonly upstream?: UpstreamSession
}

/** A login at an upstream. `session` is what its source wants back at the logout. */
export interface ProvenElsewhere extends Authentication {
  readonly session?: Readonly<Record<string, unknown>>
}

/** Kept with the browser session; sealed, because it may hold tokens of the upstream. */
export interface UpstreamSession {
  readonly source: string
  readonly sealed: string
}

/** What a ticket led to, and the token with which the server proves itself in turn, if the source made one. */
export interface Negotiated {
  readonly authentication: Authentication
  readonly reply?: Uint8Array
}

export interface Login {
  /** Throws `Problem`: `invalid_credentials`, `too_many_attempts`, or `unavailable` when the source is broken or busy. */
  withPassword(input: { readonly username: string; readonly password: string }, caller: Caller): Promise<Authentication>
  /** Whether any source takes tickets at all; without one nobody is told of that way to log in. */
  negotiates(): boolean
  /** CIDR ranges from where browsers are asked for a ticket on the login page, unless they say otherwise. */
  ticketNetworks(): readonly string[]
  /**
   * A token of RFC 4559, `Authorization: Negotiate`. Throws `Problem` as `withPassword` does; `invalid_credentials` for
   * NTLM and for a ticket that was used before.
   */
  withNegotiate(token: Uint8Array, caller: Caller): Promise<Negotiated>
  /** How people can log in with a browser. */
  ways(): {
    readonly password: boolean
    /** Sources that log in elsewhere. */
    readonly elsewhere: readonly { readonly id: string; readonly label: string }[]
  }
  /** Where the browser goes to log in there. Throws `Problem`: `not_found`, or `unavailable`. */
  beginElsewhere(source: string, request: RedirectRequest): Promise<RedirectStart>
  /** It has come back. Throws `Problem` as `withPassword` does. */
  completeElsewhere(
    source: string,
    callback: Omit<RedirectCallback, 'signal'>,
    caller: Caller,
  ): Promise<ProvenElsewhere>
  /** Where the browser goes to end the login there too; `undefined` if there is no such place, or it is not reached. */
  endElsewhere(source: string, logout: RedirectLogout): Promise<string | undefined>
  /** Still known to its source, not disabled? Groups are synchronised. Refuses with `invalid_token`. */
  recheck(user: User, caller: Caller): Promise<User>
}
