/** Sessions over a real store with real users, rules and keys; the login source keeps passwords in the clear. */
import type { LoginSource, Storage, Why } from '#plugin'
import type { KeyRing } from '../../src/core/keys/key-ring.ts'
import { createCircuits } from '../../src/core/login/circuits.ts'
import type { ConfiguredSource } from '../../src/core/login/login.ts'
import { createLogin } from '../../src/core/login/password-login.ts'
import { createCompleteLogin } from '../../src/core/factors/complete-login.ts'
import { createFactors } from '../../src/core/factors/create-factors.ts'
import { createSealer } from '../../src/core/keys/sealing.ts'
import { createThrottle } from '../../src/core/login/throttle.ts'
import { createBrokers } from '../../src/core/rabbitmq/brokers.ts'
import { type Brokers, createRules, type Rules } from '../../src/core/rabbitmq/rules.ts'
import { identityTokens } from '../../src/core/session/records.ts'
import { createSessions, type Sessions } from '../../src/core/session/sessions.ts'
import type { Settings } from '../../src/core/settings.ts'
import { repository } from '../../src/core/storage/repository.ts'
import type { User } from '../../src/core/users/records.ts'
import { createCredentials } from '../../src/core/users/credentials.ts'
import { createGroups } from '../../src/core/users/manage-groups.ts'
import { createUsers } from '../../src/core/users/manage-users.ts'
import type { Groups, Users } from '../../src/core/users/users.ts'
import type { Caller } from '../../src/core/world.ts'
import { type ListeningAudit, OPERATOR, openRing, SETTINGS, type TestWorld } from '../keys/ring.ts'

export const CALLER: Caller = { actor: 'anonymous', ip: '192.0.2.10', requestId: 'test' }
export const PASSWORD = 'correct horse battery'

export interface TestSource extends LoginSource {
  /** What `refresh` answers from now on; nothing when all is well. */
  fail: Why | undefined
  asked: number
}
function testSource(storage: Storage, { refresh }: { readonly refresh: boolean }): TestSource {
  const secrets = createCredentials(storage, 'test')
  const source: TestSource = {
    fail: undefined,
    asked: 0,
    password: {
      async verify({ username, password, externalId }) {
        const secret = externalId === undefined ? undefined : await secrets.get(externalId)
        if (externalId === undefined || secret !== password) return { ok: false, why: 'credentials' }
        return { ok: true, identity: { externalId, username, groups: [] } }
      },
    },
    passwordChange: { secret: async (password) => password, accepts: () => false },
    async [Symbol.asyncDispose]() {},
  }
  const ask: NonNullable<LoginSource['refresh']> = async ({ externalId, username }) => {
    source.asked++
    const { fail } = source
    return fail ? { ok: false, why: fail } : { ok: true, identity: { externalId, username, groups: [] } }
  }
  return refresh ? Object.assign(source, { refresh: ask }) : source
}

export interface Desk extends AsyncDisposable {
  readonly sessions: Sessions
  readonly storage: Storage
  readonly world: TestWorld
  readonly audit: ListeningAudit
  readonly ring: KeyRing
  readonly users: Users
  readonly groups: Groups
  readonly rules: Rules
  readonly brokers: Brokers
  readonly source: TestSource
  readonly alice: User
  readonly configure: (change: Partial<Settings['session']>) => void
  /** Another process on the same store: nothing is shared but what is stored. */
  readonly another: () => Promise<Sessions>
  /** Why the last token was refused, from the audit log. */
  readonly lastRefusal: () => Readonly<Record<string, unknown>> | undefined
  /** The user's live identity tokens. */
  readonly records: () => Promise<readonly { readonly id: string; readonly lastUsedAt: number }[]>
}

export async function openDesk(session: Partial<Settings['session']> = {}, { refresh = false } = {}): Promise<Desk> {
  let settings: Settings = { ...SETTINGS, session: { ...SETTINGS.session, ...session } }
  const configure = (change: Partial<Settings['session']>) => {
    settings = { ...settings, session: { ...settings.session, ...change } }
  }
  const opened = await openRing()
  const { storage, world, audit } = opened
  const source = testSource(storage, { refresh })
  const sources = (): readonly ConfiguredSource[] => [{ id: 'test', source, provision: false }]
  const circuits = createCircuits(world)
  const base = { storage, world, audit, settings: () => settings, sources, circuits }
  const throttled = { ...base, throttle: createThrottle(base) }
  const users = createUsers(throttled)
  const groups = createGroups(base)
  const sealer = createSealer(new Uint8Array(32), world)
  const login = createLogin(throttled)
  const factors = createFactors({ ...throttled, sealer, login, mailer: () => undefined })
  const completeLogin = createCompleteLogin({ factors, users, audit })
  const accounts = { users, login, completeLogin }
  const brokers = createBrokers(base)
  const rules = createRules({ ...base, brokers })
  await brokers.create({ name: 'main', resourceServerId: 'rabbitmq', version: '3.10' }, OPERATOR)
  await groups.create({ name: 'billing' }, OPERATOR)
  const alice = await users.create({ username: 'alice', password: PASSWORD, groups: ['billing'] }, OPERATOR)
  const wide = { subjectKind: 'group', subject: 'billing', vhost: 'prod' } as const
  await rules.create({ ...wide, configure: ['billing.*'], write: ['billing.*'], read: ['*'] }, OPERATOR)
  const sessions = createSessions({ ...base, ...accounts, brokers, rules, keys: opened.ring })
  const stored = repository(storage, identityTokens)
  return {
    sessions,
    storage,
    world,
    audit,
    ring: opened.ring,
    users,
    groups,
    rules,
    brokers,
    source,
    alice,
    configure,
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
    another: async () => createSessions({ ...base, ...accounts, brokers, rules, keys: await opened.another() }),
    lastRefusal: () => audit.entries.findLast(({ event }) => event === 'token.refused')?.detail,
    records: () => Array.fromAsync(stored.all({ by: ['userId', 'slot'], equals: { userId: alice.id } })),
  }
}

export const login = (desk: Desk, more: { readonly vhost?: string; readonly broker?: string } = {}, caller = CALLER) =>
  desk.sessions.login({ username: 'alice', password: PASSWORD, ...more }, caller)

/** The payload of a token, unverified. */
export function claimsOf(token: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
}
