/** Users, groups, login, throttle and audit on a real store, with a clock, timers and a log that the test holds. */
import type { Logger, LoginSource, PasswordLogin, Storage, Verdict } from '#plugin'
import local from '../../plugins/login/local/index.ts'
import { createAudit } from '../../src/core/audit/audit.ts'
import { collections } from '../../src/core/collections.ts'
import { createCircuits } from '../../src/core/login/circuits.ts'
import type { ConfiguredSource } from '../../src/core/login/login.ts'
import { createLogin } from '../../src/core/login/password-login.ts'
import { createResync } from '../../src/core/login/resync.ts'
import { createThrottle } from '../../src/core/login/throttle.ts'
import { Problem } from '../../src/core/problem.ts'
import type { Schedule } from '../../src/core/schedule.ts'
import type { Settings } from '../../src/core/settings.ts'
import { createCredentials } from '../../src/core/users/credentials.ts'
import { createGroups } from '../../src/core/users/manage-groups.ts'
import { createUsers } from '../../src/core/users/manage-users.ts'
import type { Caller, World } from '../../src/core/world.ts'
import { SETTINGS } from './settings.ts'
import { refuseSecrets } from './canaries.ts'
import { openSqlite, temporaryFolder } from './storage-sqlite.ts'

export const OPERATOR: Caller = { actor: 'operator', requestId: 'req-operator' }
export const STRANGER: Caller = { actor: 'anonymous', ip: '192.0.2.7', requestId: 'req-stranger' }
/** Not common, so that the policy takes it. */
export const PASSWORD = 'vexing-Quartz-41-sphinx'
export const OTHER_PASSWORD = 'jolly-Hydrant-88-umbra'

export interface Line {
  readonly level: keyof Logger
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

export function testLog(): { readonly log: Logger; readonly lines: Line[] } {
  const lines: Line[] = []
  const writer =
    (level: keyof Logger) =>
    (message: string, fields: Line['fields'] = {}) => {
      lines.push({ level, message, fields })
    }
  return { log: { debug: writer('debug'), info: writer('info'), warn: writer('warn'), error: writer('error') }, lines }
}

/** Timers that run when the test says so. */
export function testTimers(): { readonly schedule: Schedule; readonly due: number[]; fire(): void } {
  const pending = new Map<object, { readonly run: () => void; readonly milliseconds: number }>()
  return {
    schedule(run, milliseconds) {
      const key = {}
      pending.set(key, { run, milliseconds })
      return () => pending.delete(key)
    },
    get due() {
      return [...pending.values()].map(({ milliseconds }) => milliseconds)
    },
    fire() {
      const now = [...pending.values()]
      pending.clear()
      for (const { run } of now) run()
    },
  }
}

/** The real SQLite driver in a folder that goes with it. */
export async function openAccountsStorage(): Promise<Storage> {
  const folder = temporaryFolder()
  const storage = await openSqlite(folder.path, { durability: 'normal' })
  await storage.migrate(collections)
  return {
    ...storage,
    async [Symbol.asyncDispose]() {
      await storage[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}

/** Cheap enough for tests; what it computes is the real thing. */
export const LOCAL_OPTIONS = { memoryKib: 8_192, iterations: 1, maxConcurrent: 2, maxWaiting: 500 }

export interface AccountsOptions {
  readonly settings?: Partial<Settings>
  /** Asked after the local source, in this order. */
  readonly sources?: readonly ConfiguredSource[]
  readonly storage?: Storage
  readonly localOptions?: Partial<typeof LOCAL_OPTIONS>
  readonly deadline?: number
}

export async function openAccounts(options: AccountsOptions = {}) {
  const { log, lines } = testLog()
  const clock = { now: Date.UTC(2026, 0, 1) }
  const timers = testTimers()
  const world: World = { now: () => clock.now, random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)), log }
  const storage = options.storage ?? (await openAccountsStorage())
  const settings = { ...SETTINGS, ...options.settings }
  const context = {
    id: 'local',
    log,
    now: world.now,
    signal: new AbortController().signal,
    dataDir: '.',
    credentials: createCredentials(storage, 'local'),
  }
  const source = await local.open({ ...LOCAL_OPTIONS, ...options.localOptions }, context)
  const sources: ConfiguredSource[] = [{ id: 'local', source, provision: true }, ...(options.sources ?? [])]
  const { schedule } = timers
  const circuits = createCircuits(world)
  const deps = { storage, world, settings: () => settings, schedule, circuits, sources: () => sources }
  const audit = createAudit(deps)
  const throttle = createThrottle(deps)
  const users = createUsers({ ...deps, audit, throttle })
  const groups = createGroups({ ...deps, audit })
  const deadline = options.deadline === undefined ? {} : { deadline: options.deadline }
  const login = createLogin({ ...deps, ...deadline, audit, throttle })
  const resync = createResync({ ...deps, ...deadline, audit })
  return {
    ...deps,
    audit,
    throttle,
    users,
    groups,
    login,
    resync,
    lines,
    clock,
    timers,
    context,
    sourceList: sources,
    local: source,
    logIn: (username: string, password: string, caller: Caller = STRANGER) => {
      return login.withPassword({ username, password }, caller)
    },
    /** Audit events, oldest first. */
    async events(filter: { readonly target?: string; readonly event?: string } = {}) {
      return (await audit.list({ limit: 1_000, ...filter })).rows.toReversed()
    },
    async [Symbol.asyncDispose]() {
      await resync[Symbol.asyncDispose]()
      await audit[Symbol.asyncDispose]()
      await source[Symbol.asyncDispose]()
      await storage[Symbol.asyncDispose]()
      refuseSecrets(JSON.stringify(lines), [PASSWORD, OTHER_PASSWORD])
    },
  }
}

/** The refusal that this leads to; throws when it leads to none. */
export async function refusal(work: Promise<unknown>): Promise<Problem> {
  try {
    await work
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
  throw new Error('Expected a refusal, but the call went through')
}

export interface Person {
  readonly externalId: string
  readonly username: string
  readonly password: string
  readonly email?: string
  readonly displayName?: string
  readonly groups: readonly string[]
}

/** A directory somewhere else, as its login source shows it; the test may change who is in it and how it feels. */
export function testDirectory(people: Person[]) {
  const asked: string[] = []
  const state: { answer: ((login: PasswordLogin) => Promise<Verdict>) | undefined } = { answer: undefined }
  const identityOf = ({ password: _secret, ...identity }: Person) => identity
  const verify = async (login: PasswordLogin): Promise<Verdict> => {
    asked.push(login.username)
    if (state.answer) return state.answer(login)
    const person = people.find(({ username }) => username.toLowerCase() === login.username.toLowerCase())
    if (!person || person.password !== login.password) return { ok: false, why: 'credentials' }
    return { ok: true, identity: identityOf(person) }
  }
  const source: LoginSource = {
    password: { verify },
    async refresh({ externalId }) {
      const person = people.find((somebody) => somebody.externalId === externalId)
      return person ? { ok: true, identity: identityOf(person) } : { ok: false, why: 'disabled' }
    },
    async [Symbol.asyncDispose]() {},
  }
  return { source, people, asked, state }
}
