/**
 * What a case of the login kit is and how one is run. Cases are data, so that a test runner, the proof by broken sources
 * and a command of the executable can all run them.
 */
import type { Credentials, Identity, LoginSource, LoginSourceContext, LoginSourcePlugin, Verdict } from '#plugin'
import { BrokenPromise, equal } from '../promise.ts'
import { lend } from './lent.ts'

/** Somebody that the source knows. */
export interface Account {
  readonly username: string
  readonly password: string
  readonly externalId: string
  /** All groups that the source owns for this account. */
  readonly groups: readonly string[]
}
/** Somebody who is known and not let in. */
export interface RefusedAccount extends Pick<Account, 'username' | 'password'> {
  readonly why: 'disabled' | 'locked' | 'expired' | 'not-allowed' | 'credentials'
  readonly externalId?: string
}

export interface Accounts {
  readonly right: Account
  /** Somebody else, in other groups. */
  readonly other?: Account
  /** In no group at all. */
  readonly lonely?: Account
  /** In a thousand groups or more. */
  readonly crowded?: Account
  /** With a name or a password beyond ASCII, such as "jürgen". */
  readonly foreign?: Account
  /** Disabled, locked, expired and so on, by what they are called in the report. */
  readonly refused?: Readonly<Record<string, RefusedAccount>>
}

/** The author's side of the kit: how the source is opened, and what is known about it. */
export interface LoginSubject {
  /** Opens the source; what the kit lends goes to the plugin as it is. */
  open(context: LoginSourceContext): Promise<LoginSource>
  readonly accounts: Accounts
  /** What the source offers beyond what the other members show. */
  readonly offers?: readonly ('refresh' | 'lookup' | 'passwordChange' | 'health')[]
  /** Lent as the data folder of the server. */
  readonly dataDir?: string
  /** Milliseconds within which every answer comes, also when nothing works; 10,000 unless told. */
  readonly deadline?: number
  /** Logins at once; 200 unless told. */
  readonly parallel?: number
  /** What can break, by its name: "server down", "no answer". Broken from the call until disposed of. */
  readonly faults?: Readonly<Record<string, () => Promise<AsyncDisposable>>>
  /** What can change while the source is open; each undone when disposed of. */
  readonly changes?: {
    /** `right` may no longer log in. */
    readonly disable?: () => Promise<AsyncDisposable>
    /** `right` leaves all groups. */
    readonly leaveGroups?: () => Promise<AsyncDisposable>
  }
  readonly redirect?: {
    /** Goes where `begin` sends, logs in as `right` there and returns the URL that the browser came back with. */
    visit(url: string): Promise<string>
  }
  readonly negotiate?: {
    /** A fresh token of `right`. */
    token(): Promise<Uint8Array>
  }
  /** What cannot be had of this source, and why; its cases are left out. */
  readonly without?: Readonly<Partial<Record<Need, string>>>
  /** The plugin and a right configuration, for what is promised before it is opened. */
  readonly plugin?: { readonly plugin: LoginSourcePlugin; readonly config: Readonly<Record<string, unknown>> }
}

/** What a case may need of the subject. */
export type Need =
  | 'password'
  | 'refresh'
  | 'lookup'
  | 'passwordChange'
  | 'health'
  | 'redirect'
  | 'negotiate'
  | 'other'
  | 'lonely'
  | 'crowded'
  | 'foreign'
  | 'refused'
  | 'faults'
  | 'disable'
  | 'leaveGroups'
  | 'plugin'

export interface Opened {
  readonly subject: LoginSubject
  readonly accounts: Accounts
  readonly source: LoginSource
  /** One more opening of the source, closed after the case. */
  readonly again: () => Promise<LoginSource>
  readonly credentials: Credentials
  /** Every line that the source logged. */
  readonly logged: () => string
  /** Asks for a password login and checks that the answer is a verdict, in time, whatever it says. */
  readonly verify: (login: Login) => Promise<Verdict>
}
export interface Login {
  readonly username: string
  readonly password: string
  readonly signal?: AbortSignal
}

export interface LoginCase {
  /** A promise of the contract, as a sentence. */
  readonly name: string
  readonly needs?: readonly Need[]
  run(opened: Opened): Promise<void>
}

const ABILITIES: readonly Need[] = [
  'password',
  'refresh',
  'lookup',
  'passwordChange',
  'health',
  'redirect',
  'negotiate',
]

/** Whether the case is about what this source has: its abilities, and nothing that it is said to be without. */
export function concerns({ needs = [] }: LoginCase, subject: LoginSubject): boolean {
  const missing = lacking({ needs }, subject)
  return (
    !missing.some((need) => ABILITIES.includes(need)) && !needs.some((need) => subject.without?.[need] !== undefined)
  )
}

/** What of the needs of this case the subject does not have. */
export function lacking({ needs = [] }: Pick<LoginCase, 'needs'>, subject: LoginSubject): Need[] {
  const { accounts, offers = [], changes, redirect, negotiate, faults, plugin } = subject
  const has: Readonly<Record<Need, boolean>> = {
    password: accounts.right.password !== '',
    refresh: offers.includes('refresh'),
    lookup: offers.includes('lookup'),
    passwordChange: offers.includes('passwordChange'),
    health: offers.includes('health'),
    redirect: redirect !== undefined,
    negotiate: negotiate !== undefined,
    other: accounts.other !== undefined,
    lonely: accounts.lonely !== undefined,
    crowded: accounts.crowded !== undefined,
    foreign: accounts.foreign !== undefined,
    refused: Object.keys(accounts.refused ?? {}).length > 0,
    faults: Object.keys(faults ?? {}).length > 0,
    disable: changes?.disable !== undefined,
    leaveGroups: changes?.leaveGroups !== undefined,
    plugin: plugin !== undefined,
  }
  return needs.filter((need) => !has[need])
}

/** Runs one case on a source of its own. Throws `BrokenPromise`, or whatever the source threw. */
export async function runLoginCase(one: LoginCase, subject: LoginSubject): Promise<void> {
  await using closing = new AsyncDisposableStack()
  const lent = lend(subject)
  const again = async () => closing.use(await subject.open(lent.context))
  const source = await again()
  await keepPasswords(source, subject, lent.context.credentials)
  await one.run({
    subject,
    accounts: subject.accounts,
    source,
    again,
    credentials: lent.context.credentials,
    logged: lent.logged,
    verify: (login) => verifyWith(source, subject, login),
  })
}

/** A source whose secrets are kept by the host starts with those of the accounts. */
async function keepPasswords(source: LoginSource, { accounts }: LoginSubject, credentials: Credentials): Promise<void> {
  const { passwordChange } = source
  if (!passwordChange) return
  for (const { externalId, password } of everybody(accounts))
    await credentials.put(externalId, await passwordChange.secret(password))
}

export function everybody({ right, other, lonely, crowded, foreign }: Accounts): Account[] {
  return [right, other, lonely, crowded, foreign].filter((account) => account !== undefined)
}

async function verifyWith(source: LoginSource, subject: LoginSubject, login: Login): Promise<Verdict> {
  if (!source.password) throw new BrokenPromise('Expected the source to take passwords')
  const never = new AbortController().signal
  const { username, password, signal = never } = login
  // The host tells a source whose secrets it keeps who this is; the others are to find out by themselves.
  const known = source.passwordChange && everybody(subject.accounts).find((each) => each.username === username)
  const asked = { username, password, signal, ...(known && { externalId: known.externalId }) }
  const verdict = await inTime(subject, source.password.verify(asked))
  checkVerdict(verdict)
  return verdict
}

/** The answer, or the source broke its promise by not giving one. */
export async function inTime<T>({ deadline = 10_000 }: Pick<LoginSubject, 'deadline'>, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = AbortSignal.timeout(deadline)
  timer.addEventListener('abort', () => reject(new BrokenPromise(`Expected an answer within ${deadline} ms, got none`)))
  return Promise.race([work, promise])
}

const WHYS = ['credentials', 'disabled', 'locked', 'expired', 'not-allowed', 'unavailable']
const KINDS: Readonly<Record<keyof Identity, string>> = {
  externalId: 'string',
  username: 'string',
  email: 'string',
  emailVerified: 'boolean',
  displayName: 'string',
  groups: 'object',
  claims: 'object',
  amr: 'object',
  session: 'object',
}

/** A verdict as the contract declares it, and nothing else. */
export function checkVerdict(verdict: unknown): asserts verdict is Verdict {
  const wrong = (what: string) =>
    new BrokenPromise(`Expected a verdict, got one in which ${what}: ${Bun.inspect(verdict)}`)
  if (typeof verdict !== 'object' || verdict === null || !('ok' in verdict)) throw wrong('"ok" is missing')
  const { ok, why, detail, identity, ...more } = verdict as Record<string, unknown>
  if (Object.keys(more).length > 0) throw wrong(`there is also ${Object.keys(more).join(', ')}`)
  if (ok === true) {
    if (why !== undefined || detail !== undefined) throw wrong('"ok" is true and there is a reason')
    checkIdentity(identity, wrong)
    return
  }
  if (ok !== false || identity !== undefined) throw wrong('"ok" is false and there is an identity')
  if (typeof why !== 'string' || !WHYS.includes(why)) throw wrong('"why" is none of the words')
  if (detail !== undefined && (typeof detail !== 'string' || detail.includes('\n'))) throw wrong('"detail" is no line')
}

function checkIdentity(identity: unknown, wrong: (what: string) => Error): void {
  if (typeof identity !== 'object' || identity === null) throw wrong('there is no identity')
  for (const [name, value] of Object.entries(identity)) {
    const kind = Object.hasOwn(KINDS, name) ? KINDS[name as keyof Identity] : undefined
    if (kind === undefined) throw wrong(`the identity has "${name}"`)
    if (value !== undefined && typeof value !== kind) throw wrong(`"${name}" is no ${kind}`)
  }
  const { externalId, username, groups } = identity as Partial<Identity>
  if (externalId === undefined || externalId === '' || externalId.length > 190)
    throw wrong('"externalId" is empty or too long')
  if (username === undefined || username === '') throw wrong('"username" is empty')
  if (!Array.isArray(groups) || !groups.every((group) => typeof group === 'string' && group !== '')) {
    throw wrong('"groups" is no list of names')
  }
  if (new Set(groups).size < groups.length) throw wrong('a group is named twice')
}

/** The verdict is this account's, its groups in any order. */
export function equalIdentity(verdict: Verdict, { externalId, username, groups }: Account): void {
  if (!verdict.ok) throw new BrokenPromise(`Expected the identity of ${username}, got ${Bun.inspect(verdict)}`)
  const { identity } = verdict
  equal([identity.externalId, identity.username], [externalId, username], 'who this is')
  equal(identity.groups.toSorted(), groups.toSorted(), `the groups of ${username}`)
}

/** Not let in, for this reason if one is given. */
export function refused(verdict: Verdict, why?: string): void {
  if (verdict.ok) throw new BrokenPromise(`Expected nobody to be let in, got ${Bun.inspect(verdict.identity)}`)
  if (why !== undefined) equal(verdict.why, why, 'the reason')
}
