/**
 * The login source contract: a place where people and services prove who they are.
 *
 * A source answers with a verdict, never with words for the user. Wording, timing, throttling, audit and provisioning
 * are the host's alone.
 */
import type { TSchema } from '@sinclair/typebox'
import { API_VERSION, type Plugin, type PluginContext } from './plugin.ts'

/** What a source says of somebody. */
export interface Identity {
  /** Stable for life and never given to somebody else; not the name, not the mail. At most 190 characters. */
  readonly externalId: string
  /** As the source spells it, canonical. */
  readonly username: string
  readonly email?: string
  readonly emailVerified?: boolean
  readonly displayName?: string
  /**
   * Names of all groups that the source owns for this identity; the host adds and removes memberships accordingly and
   * leaves alone those that were granted here.
   */
  readonly groups: readonly string[]
  /** OpenID Connect standard claims, if the source knows any. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** RFC 8176 method references; default `['pwd']` for a password, `['kerberos']` and so on as the source sees fit. */
  readonly amr?: readonly string[]
  /** For `redirect.end`; kept sealed with the login, at most 8,192 characters of JSON, and never shown. */
  readonly session?: Readonly<Record<string, unknown>>
}

/**
 * `credentials`: unknown name or wrong secret (the two are one answer). `disabled`, `locked`, `expired`, `not-allowed`:
 * told apart in the audit log only. `unavailable`: the source is broken; counts against nobody.
 */
export type Why = 'credentials' | 'disabled' | 'locked' | 'expired' | 'not-allowed' | 'unavailable'
export type Verdict =
  | { readonly ok: true; readonly identity: Identity }
  /** `detail` is for the operator's log: one line, no secrets. */
  | { readonly ok: false; readonly why: Why; readonly detail?: string }

export interface PasswordLogin {
  readonly username: string
  readonly password: string
  /** Who this is, when the host knows the name already: what this source answered at an earlier login, or was given. */
  readonly externalId?: string
  /** Aborted when the host no longer waits. */
  readonly signal: AbortSignal
}

export interface RedirectStart {
  /** Where the browser is to go. */
  readonly url: string
  /** Kept by the host, sealed, until the browser comes back; JSON-serialisable. */
  readonly state: Readonly<Record<string, unknown>>
}
export interface RedirectRequest {
  /** Where the upstream must send the browser back to. */
  readonly callbackUrl: string
  /** Unguessable; comes back as the `state` parameter. */
  readonly state: string
  readonly loginHint?: string
  readonly prompt?: string
  readonly maxAge?: number
}
export interface RedirectLogout {
  /** What `complete` left in the identity. */
  readonly session: Readonly<Record<string, unknown>>
  /** Where the upstream may send the browser back to, with `state`. */
  readonly returnUrl: string
  readonly state: string
}
export interface RedirectCallback {
  /** The full URL the browser came back with, under `callbackUrl`. */
  readonly url: string
  readonly callbackUrl: string
  readonly state: Readonly<Record<string, unknown>>
  readonly signal: AbortSignal
}

/** Something that a source did to find an answer; `detail` says what came of it. For the operator only, and no secrets. */
export interface DiagnosticStep {
  readonly step: string
  readonly ok: boolean
  readonly detail: string
}
export interface Diagnosis {
  readonly username: string
  /** Without it everything is done that takes none. */
  readonly password?: string
  readonly signal: AbortSignal
  /** Called when a step is over, before the next begins: the host takes the time. */
  readonly report: (step: DiagnosticStep) => void
}

/**
 * Every ability is optional; a source has at least one. Throwing means the same as `unavailable`; so does taking longer
 * than the host waits.
 */
export interface LoginSource extends AsyncDisposable {
  readonly password?: {
    verify(login: PasswordLogin): Promise<Verdict>
  }
  /**
   * Only for sources whose secrets are kept here, in `credentials`, each under the `externalId` of its identity. The
   * host stores and removes them, together with everything that such a change revokes; the source makes their text.
   */
  readonly passwordChange?: {
    /** The text to keep for this password of at most 1,024 bytes. Throwing means the same as `unavailable`. */
    secret(password: string): Promise<string>
    /** Is this a text that `verify` could check, such as a hash taken over from an older system? */
    accepts(secret: string): boolean | Promise<boolean>
  }
  readonly redirect?: {
    begin(request: RedirectRequest): Promise<RedirectStart>
    complete(callback: RedirectCallback): Promise<Verdict>
    /** Where a browser goes to end the login there too; `undefined` if the upstream knows no such thing. */
    end?(logout: RedirectLogout): Promise<string | undefined>
  }
  /** RFC 4559 Negotiate: one token in, a verdict and perhaps a mutual-authentication token out. */
  readonly negotiate?: {
    /**
     * CIDR ranges from where browsers are asked for a token on the login page. Elsewhere, and for a source that runs as a
     * process, only who chooses it is asked.
     */
    readonly networks?: readonly string[]
    step(token: Uint8Array, signal: AbortSignal): Promise<{ readonly verdict: Verdict; readonly reply?: Uint8Array }>
  }
  /**
   * Is this identity still known and allowed, and with which groups? Asked when tokens are refreshed, and for everybody
   * now and then. `credentials` means that there is nobody with this `externalId` any more.
   */
  readonly refresh?: (identity: {
    readonly externalId: string
    readonly username: string
    readonly signal: AbortSignal
  }) => Promise<Verdict>
  /**
   * Who has this name, with which groups? Asked for a source that proves people and knows nothing else of them: what a
   * right password would be answered, as far as that can be told without one.
   */
  readonly lookup?: (question: { readonly username: string; readonly signal: AbortSignal }) => Promise<Verdict>
  /** For `leveret doctor`: a login, or as much of one as goes without a password, that shows how the answer is found. */
  readonly diagnose?: (question: Diagnosis) => Promise<Verdict>
  readonly health?: () => Promise<{ readonly ok: boolean; readonly detail?: string }>
}

/** Rows of name to secret text (a password hash) confined to one source instance. */
export interface Credentials {
  get(name: string): Promise<string | undefined>
  /** Replaces whatever was there. */
  put(name: string, value: string): Promise<void>
  /** Replaces only if the stored value still is `from`: for re-hashing without undoing a change. False if it was not. */
  replace(name: string, from: string, to: string): Promise<boolean>
  delete(name: string): Promise<void>
}

export interface LoginSourceContext extends PluginContext {
  readonly credentials: Credentials
}

export type LoginSourcePlugin<C extends TSchema = TSchema> = Plugin<'login', C, LoginSource, LoginSourceContext>

/** Declare a login source with its exact configuration type. */
export function defineLoginSource<C extends TSchema>(
  plugin: Omit<LoginSourcePlugin<C>, 'kind' | 'apiVersion'>,
): LoginSourcePlugin<C> {
  return { apiVersion: API_VERSION, kind: 'login', ...plugin }
}
