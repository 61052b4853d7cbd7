/** What the pages under `/account` show: a person's own affairs. See `view.ts`. */
import type { AccountView, ClientView, FactorMethod, Form, Notice, PasskeyPrompt, VhostRights } from './view.ts'

/** What every page of the account has beside its content. */
export interface AccountNav {
  readonly account: AccountView
  readonly urls: {
    readonly profile: string
    /** Absent for people whose password is kept elsewhere. */
    readonly password?: string
    readonly factors: string
    readonly applications: string
    readonly sessions: string
    /** Absent where no broker has a management UI to open. */
    readonly brokers?: string
  }
  /** Logs out. */
  readonly logout: Form
}

interface AccountPage {
  readonly version: 1
  readonly nav: AccountNav
  readonly notice?: Notice
}

/** Standard claims of OpenID Connect that a person may set; the names of the fields. */
export type ProfileField =
  | 'name'
  | 'given_name'
  | 'family_name'
  | 'nickname'
  | 'website'
  | 'picture'
  | 'phone_number'
  | 'birthdate'
  | 'zoneinfo'
  | 'locale'

export interface ProfileView extends AccountPage {
  readonly page: 'account-profile'
  readonly form: Form
  readonly email?: string
  readonly values: Readonly<Partial<Record<ProfileField, string>>>
  /** Kept by a directory: shown, not changed here. */
  readonly fixed: readonly ProfileField[]
  /** Fields that were refused. */
  readonly faulty: readonly ProfileField[]
}

/** Fields `current_password`, `password`, `password_again`. */
export interface PasswordView extends AccountPage {
  readonly page: 'account-password'
  readonly form: Form
  readonly minLength: number
}

export interface FactorsView extends AccountPage {
  readonly page: 'account-factors'
  readonly factors: readonly {
    readonly method: FactorMethod
    readonly name: string
    readonly createdAt?: number
    readonly lastUsedAt?: number
    /** Takes it away. */
    readonly remove: Form
  }[]
  /** Recovery codes that are left; absent while there is no factor that they could stand in for. */
  readonly recovery?: { readonly left: number; readonly renew: Form }
  /** Forms that begin an enrolment; absent where it cannot be had. */
  readonly add: { readonly otp: Form; readonly passkey: Form; readonly email?: Form }
  /** Somebody has decided that this person needs one. */
  readonly demanded: boolean
}

/** Fields `name` and `otp`. Without `nav` it is a step of a login. */
export interface TotpEnrolView {
  readonly version: 1
  readonly page: 'enrol-otp'
  readonly nav?: AccountNav
  readonly notice?: Notice
  readonly form: Form
  /** `otpauth://…`, drawn as a picture, and the secret in it for typing. */
  readonly uri: string
  readonly secret: string
  readonly backUrl?: string
}

/** Fields `name` and `passkey` (JSON). */
export interface PasskeyEnrolView extends AccountPage {
  readonly page: 'enrol-passkey'
  readonly form: Form
  readonly passkey: PasskeyPrompt
  readonly backUrl: string
}

/** Field `otp`: the code that was sent. */
export interface MailEnrolView extends AccountPage {
  readonly page: 'enrol-email'
  readonly form: Form
  readonly to: string
  readonly backUrl: string
}

/** Shown once. Without `nav` it is a step of a login, which goes on at `doneUrl`. */
export interface RecoveryCodesView {
  readonly version: 1
  readonly page: 'recovery-codes'
  readonly nav?: AccountNav
  readonly codes: readonly string[]
  readonly doneUrl: string
}

export interface ApplicationsView extends AccountPage {
  readonly page: 'account-applications'
  readonly applications: readonly {
    readonly client: ClientView
    readonly scopes: readonly string[]
    readonly vhosts: readonly VhostRights[]
    readonly grantedAt: number
    /** Takes the access back. */
    readonly revoke: Form
  }[]
}

export interface SessionsView extends AccountPage {
  readonly page: 'account-sessions'
  readonly sessions: readonly {
    readonly current: boolean
    readonly ip?: string
    readonly userAgent: string
    readonly createdAt: number
    readonly lastSeenAt: number
    readonly end: Form
  }[]
  /** Ends every session, this one too, and all tokens that came of them. */
  readonly endAll: Form
}

/** Management UIs of RabbitMQ that this person may open. */
export interface BrokersView extends AccountPage {
  readonly page: 'account-brokers'
  readonly places: readonly {
    readonly broker: string
    readonly vhost: string
    readonly tags: readonly string[]
    readonly open: Form
  }[]
}

/** Posts a token to a management UI: sends itself with a script, by a button without. */
export interface ManagementLoginView {
  readonly version: 1
  readonly page: 'management-login'
  readonly broker: string
  readonly vhost: string
  readonly action: string
  readonly fields: Readonly<Record<string, string>>
}

export type AnyAccountView =
  | ProfileView
  | PasswordView
  | FactorsView
  | TotpEnrolView
  | PasskeyEnrolView
  | MailEnrolView
  | RecoveryCodesView
  | ApplicationsView
  | SessionsView
  | BrokersView
  | ManagementLoginView
