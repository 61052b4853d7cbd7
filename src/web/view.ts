/**
 * What every page shows, as plain data: the contract between whoever answers a browser and whoever draws the page, a
 * built-in one or a template of the operator. `version` changes when a member is removed or means something else; new
 * members may appear at any time. URLs in it are made by the server; everything else may be hostile text.
 */
import type { AnyAccountView } from './account-view.ts'

/** Where a form goes. It is sent by POST with `csrf` and the hidden `fields`. */
export interface Form {
  readonly action: string
  readonly csrf: string
  readonly fields?: Readonly<Record<string, string>>
}

/** A client as its owner describes it. */
export interface ClientView {
  readonly name: string
  /** Shown when it is an https URL. */
  readonly logo?: string
  readonly uri?: string
  readonly policyUri?: string
  readonly termsUri?: string
}

export interface AccountView {
  readonly username: string
  readonly displayName?: string
}

/** What happened before, in one of the sentences that every language has. */
export interface Notice {
  readonly kind: 'error' | 'info' | 'success'
  readonly code: NoticeCode
  /** Seconds, for `too_many_attempts`. */
  readonly retryAfter?: number
}
export type NoticeCode =
  | 'invalid_credentials'
  | 'invalid_code'
  | 'invalid_user_code'
  | 'invalid_passkey'
  | 'too_many_attempts'
  | 'unavailable'
  | 'expired'
  | 'source_failed'
  | 'code_sent'
  | 'mail_unavailable'
  | 'wrong_password'
  | 'password_refused'
  | 'passwords_differ'
  | 'saved'
  | 'password_changed'
  | 'factor_added'
  | 'factor_removed'
  | 'consent_revoked'
  | 'session_ended'

/** A passkey is asked for by a script: options are fetched from here by POST, the answer is sent with the form. */
export interface PasskeyPrompt {
  readonly optionsUrl: string
}

/**
 * The redirect URI at the end of this login, if there is one. Chromium holds redirects after a form against `form-action`,
 * so the policy of the page has to name it.
 */
interface LeadsAway {
  readonly leadsTo?: string
}

/** Fields `username` and `password`; with `passkey` also `passkey` (JSON); `action=cancel` gives up. */
export interface LoginView extends LeadsAway {
  readonly version: 1
  readonly page: 'login'
  readonly form: Form
  readonly client?: ClientView
  /** Filled in already: `login_hint`, or who has to log in again. */
  readonly username?: string
  /** Nobody but `username` may log in here. */
  readonly usernameFixed?: boolean
  /** Whether a source takes passwords. */
  readonly password: boolean
  readonly passkey?: PasskeyPrompt
  /** Sources that log in elsewhere: "Log in with {label}". */
  readonly sources: readonly { readonly label: string; readonly url: string }[]
  readonly cancellable?: boolean
  readonly notice?: Notice
}

export type FactorMethod = 'otp' | 'email' | 'recovery_code' | 'passkey'

/** Fields `method` and `otp` (also for mail), `recovery_code` or `passkey`; `action=send` mails a code, `cancel` gives up. */
export interface SecondFactorView extends LeadsAway {
  readonly version: 1
  readonly page: 'second-factor'
  readonly form: Form
  readonly method: FactorMethod
  /** Other ways, each a page like this one. */
  readonly others: readonly { readonly method: FactorMethod; readonly url: string }[]
  /** For `email`: where the code goes, part of it hidden, and whether one is on its way. */
  readonly mail?: { readonly to: string; readonly sent: boolean }
  readonly passkey?: PasskeyPrompt
  readonly notice?: Notice
}

/** Rights in one vhost, in RabbitMQ's three words, as patterns. */
export interface VhostRights {
  readonly vhost: string
  readonly broker?: string
  readonly configure: readonly string[]
  readonly write: readonly string[]
  readonly read: readonly string[]
  readonly tags: readonly string[]
}

/** What a client asks for. */
export interface AskedView {
  readonly client: ClientView
  readonly account: AccountView
  /** OAuth scopes; those that are known are said in words. RabbitMQ rights stand in `vhosts` instead. */
  readonly scopes: readonly string[]
  readonly vhosts: readonly VhostRights[]
}

/** Answers `decision=allow` or `decision=deny`. */
export interface ConsentView extends AskedView, LeadsAway {
  readonly version: 1
  readonly page: 'consent'
  readonly form: Form
  /** Log in as somebody else. */
  readonly otherAccountUrl?: string
}

/** Asks for `user_code`. */
export interface DeviceView {
  readonly version: 1
  readonly page: 'device'
  readonly form: Form
  readonly userCode?: string
  /** The address with the code in it, drawn for the camera of a telephone: to go on there. */
  readonly completeUri?: string
  readonly notice?: Notice
}

/** Shows who asked, from where and when; answers `decision=allow` or `decision=deny`. */
export interface DeviceConfirmView extends AskedView {
  readonly version: 1
  readonly page: 'device-confirm'
  readonly form: Form
  readonly userCode: string
  /** Epoch milliseconds. */
  readonly requestedAt: number
  readonly now: number
  /** Address of the device. */
  readonly requestedFrom?: string
  readonly otherAccountUrl?: string
}

export interface DeviceDoneView {
  readonly version: 1
  readonly page: 'device-done'
  readonly allowed: boolean
  readonly client: ClientView
}

/** Asks whether to end the session; `action=cancel` keeps it. */
export interface LogoutView extends LeadsAway {
  readonly version: 1
  readonly page: 'logout'
  readonly form: Form
  readonly account: AccountView
  readonly client?: ClientView
}

export interface LoggedOutView {
  readonly version: 1
  readonly page: 'logged-out'
  readonly client?: ClientView
  readonly returnUrl?: string
  readonly loginUrl?: string
}

/** Why there is no page to see. */
export interface RefusalView {
  readonly version: 1
  readonly page: 'refusal'
  readonly status: number
  /** Of RFC 6749 or our problem codes; those that are known are said in words, the others as "does not work". */
  readonly code: string
  /** For who runs the client; English, from the standards' vocabulary. */
  readonly detail?: string
  readonly requestId?: string
  readonly backUrl?: string
}

/** `response_mode=form_post`: sends itself with a script, by a button without. */
export interface FormPostView {
  readonly version: 1
  readonly page: 'form-post'
  readonly action: string
  readonly fields: Readonly<Record<string, string>>
  readonly client?: ClientView
}

export type View =
  | LoginView
  | SecondFactorView
  | ConsentView
  | DeviceView
  | DeviceConfirmView
  | DeviceDoneView
  | LogoutView
  | LoggedOutView
  | RefusalView
  | FormPostView
  | AnyAccountView

export type PageName = View['page']

/** What the reader understands: OpenID Connect's `ui_locales`, then the browser's `Accept-Language`. */
export interface Reader {
  readonly uiLocales?: string | undefined
  readonly acceptLanguage?: string | null | undefined
}

/** A page, ready to be sent. */
export interface RenderedPage {
  readonly html: string
  readonly headers: Readonly<Record<string, string>>
}

/** A file that pages refer to. */
export interface Asset {
  /** Its name changes with its content, so it may be kept for good. */
  readonly lasting: boolean
  readonly body: string | Uint8Array<ArrayBuffer>
  readonly type: string
}

/** The part of an OpenAPI description that is drawn. */
export interface ApiView {
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, ApiOperation>>>>
}
interface ApiOperation {
  readonly summary: string
  readonly description: string
  readonly tags: readonly string[]
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required: boolean
    readonly description?: string
  }[]
  readonly requestBody?: { readonly content: ApiContent }
  readonly responses: Readonly<Record<string, { readonly content?: ApiContent }>>
  readonly security: readonly unknown[]
}
type ApiContent = Readonly<Record<string, { readonly schema: unknown }>>

/** Everything that people see. */
export interface Pages {
  render(view: View, reader?: Reader): RenderedPage
  /** The API description as a page. */
  api(description: ApiView): RenderedPage
  /** By the last segment of its address: `style-3f9c….css`, or by its plain name. */
  asset(file: string): Asset | undefined
}
