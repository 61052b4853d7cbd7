/** The domain, composed: what the HTTP surface and the command line speak to. */
import type { Storage } from '#plugin'
import { type Audit, type AuditEntry, createAudit } from './audit/audit.ts'
import { type Authorizations, createAuthorizations } from './authorization/authorizations.ts'
import { type ClientAuthentication, createClientAuthentication } from './clients/authentication.ts'
import { createClientKeys } from './clients/client-keys.ts'
import type { Clients } from './clients/clients.ts'
import { createClients } from './clients/manage-clients.ts'
import { createRegistration, type Registration } from './clients/registration.ts'
import { createRegistrationTokens, type RegistrationTokens } from './clients/registration-tokens.ts'
import { clients as clientRecords } from './clients/records.ts'
import { type Applications, createApplications } from './browser/applications.ts'
import { type BrowserSessions, createBrowserSessions } from './browser/browser-sessions.ts'
import { createBeginnings } from './authorization/beginnings.ts'
import { createRights, type Rights } from './authorization/rights.ts'
import { collections } from './collections.ts'
import { type CompleteLogin, createCompleteLogin } from './factors/complete-login.ts'
import { createDevices, type Devices } from './device/devices.ts'
import { createFactors } from './factors/create-factors.ts'
import type { Factors } from './factors/factors.ts'
import { createMfaTokens, type MfaTokens } from './factors/mfa-tokens.ts'
import { createLogoutNotices } from './logout/notify.ts'
import { createLogoutRequests, type LogoutRequests } from './logout/logout-requests.ts'
import { createSessionEnds } from './logout/session-end.ts'
import { createJanitor, type Janitor } from './janitor.ts'
import { type KeyRing, openKeyRing } from './keys/key-ring.ts'
import { signingKeys } from './keys/records.ts'
import { createSealer } from './keys/sealing.ts'
import { createCircuits } from './login/circuits.ts'
import type { ConfiguredSource, Login } from './login/login.ts'
import { createResync, type Resync } from './login/resync.ts'
import { createDiagnosis, type DiagnoseLogin } from './login/diagnose.ts'
import { createLogin } from './login/password-login.ts'
import { createThrottle, type Throttle } from './login/throttle.ts'
import type { Outbound } from './outbound.ts'
import type { Deliver } from './mail/mail.ts'
import { createOutbox } from './mail/outbox.ts'
import { createBrokers } from './rabbitmq/brokers.ts'
import { createManagementLogins, type ManagementLogins } from './rabbitmq/management-logins.ts'
import { brokers as brokerRecords, rules as ruleRecords } from './rabbitmq/records.ts'
import { type Brokers, createRules, type Rules } from './rabbitmq/rules.ts'
import { createSessions, type Sessions } from './session/sessions.ts'
import type { Settings } from './settings.ts'
import { dependable } from './storage/dependable.ts'
import { createTargets } from './token/target.ts'
import { createTokens, type Tokens } from './token/tokens.ts'
import { createGroups } from './users/manage-groups.ts'
import { createUsers } from './users/manage-users.ts'
import type { Groups, Users } from './users/users.ts'
import type { World } from './world.ts'

export interface Core extends AsyncDisposable {
  readonly world: World
  readonly settings: () => Settings
  readonly storage: Storage
  readonly audit: Audit
  readonly keys: KeyRing
  readonly users: Users
  readonly groups: Groups
  readonly throttle: Throttle
  readonly login: Login
  readonly diagnose: DiagnoseLogin
  readonly sessions: Sessions
  readonly brokers: Brokers
  readonly rules: Rules
  readonly managementLogins: ManagementLogins
  readonly clients: Clients
  readonly clientAuthentication: ClientAuthentication
  readonly registration: Registration
  readonly registrationTokens: RegistrationTokens
  readonly tokens: Tokens
  readonly factors: Factors
  readonly completeLogin: CompleteLogin
  readonly mfaTokens: MfaTokens
  readonly applications: Applications
  readonly browserSessions: BrowserSessions
  readonly authorizations: Authorizations
  readonly rights: Rights
  readonly devices: Devices
  readonly logoutRequests: LogoutRequests
  readonly janitor: Janitor
  readonly resync: Resync
}

export interface CoreDeps {
  readonly world: World
  readonly settings: () => Settings
  /** Opened and migrated; stays the property of the caller. */
  readonly storage: Storage
  /** 32 bytes. */
  readonly masterKey: Uint8Array
  readonly sources: () => readonly ConfiguredSource[]
  readonly outbound: Outbound
  /** The way to the mail server that is configured at the moment. */
  readonly deliver?: () => Deliver | undefined
  /** Hears of every audit event, for the metrics. */
  readonly heard?: (entry: AuditEntry) => void
  /** One of several processes of a server, and not the one that does what is to be done once. */
  readonly further?: boolean
}

/** The collections that are answered from memory. */
export const REMEMBERED: ReadonlySet<string> = new Set(
  [ruleRecords, brokerRecords, clientRecords, signingKeys].map(({ name }) => name),
)

type Remembering = Pick<Core, 'keys' | 'rules' | 'brokers' | 'clients'>

/** Forgets what is in memory of these collections; resolves when nothing is answered from it any more. */
export async function forget({ keys, rules, brokers, clients }: Remembering, changed: readonly string[]) {
  if (changed.includes(ruleRecords.name)) rules.invalidate()
  if (changed.includes(brokerRecords.name)) brokers.invalidate()
  if (changed.includes(clientRecords.name)) clients.invalidate()
  if (changed.includes(signingKeys.name)) await keys.reload()
}

/** Follows what other processes change in the storage they share, so that nothing stale is answered from memory. */
export async function follow(core: Remembering & Pick<Core, 'world'>, storage: Storage) {
  return storage.watch?.((changed) => {
    forget(core, changed).catch((error: unknown) =>
      core.world.log.error('signing keys not read anew', { error: String(error) }),
    )
  })
}

/** Disposing of it writes what is pending and forgets the keys. */
export async function createCore(given: CoreDeps): Promise<Core> {
  const { world, settings, masterKey, sources, outbound, heard, deliver = () => undefined, further = false } = given
  const storage = dependable(given.storage)
  await using stack = new AsyncDisposableStack()
  const audit = overheard(stack.use(createAudit({ storage, world, settings })), heard)
  const keys = stack.use(await openKeyRing({ storage, world, settings, audit, masterKey }))
  const throttle = createThrottle({ storage, world, settings })
  const circuits = createCircuits(world)
  const deps = { storage, world, settings, sources, audit, keys, throttle, circuits }
  const users = createUsers(deps)
  const groups = createGroups(deps)
  const login = createLogin(deps)
  const diagnose = createDiagnosis(deps)
  const brokers = createBrokers(deps)
  const rules = createRules({ ...deps, brokers })
  const sealer = createSealer(masterKey, world)
  const clients = createClients({ ...deps, sealer })
  const registrationTokens = createRegistrationTokens(deps)
  const registration = createRegistration({ ...deps, clients, registrationTokens })
  const clientAuthentication = createClientAuthentication({ ...deps, clients, outbound })
  const outbox = createOutbox({ ...deps, sealer, deliver })
  stack.defer(() => outbox.settle())
  const factors = createFactors({
    ...deps,
    sealer,
    login,
    mailer: () => (deliver() ? outbox : undefined),
  })
  const mfaTokens = createMfaTokens({ ...deps, factors })
  const targets = createTargets({ settings, brokers })
  const beginnings = createBeginnings(deps)
  const devices = createDevices({ ...deps, targets, beginnings })
  const tokens = createTokens({
    ...deps,
    devices,
    sealer,
    users,
    login,
    brokers,
    rules,
    clients,
    clientAuthentication,
    factors,
    mfaTokens,
    outbound,
  })
  const applications = createApplications({ ...deps, clients })
  const logoutNotices = createLogoutNotices({ ...deps, clients, outbound })
  stack.defer(() => logoutNotices.settle())
  const sessionEnds = createSessionEnds({ ...deps, clients })
  const browserSessions = createBrowserSessions({ ...deps, applications, sessionEnds, logoutNotices })
  const completeLogin = createCompleteLogin({ factors, users, audit })
  const sessions = stack.use(createSessions({ ...deps, users, login, completeLogin, brokers, rules }))
  const rights = createRights({ brokers, rules, users })
  const authorizations = createAuthorizations({
    ...deps,
    users,
    login,
    sealer,
    rights,
    clients,
    factors,
    clientKeys: createClientKeys({ world, outbound }),
    targets,
    dpop: tokens.dpop,
    browserSessions,
    beginnings,
  })
  const once = {
    'keys.tick': () => keys.tick(),
    'mail.flush': () => outbox.flush(),
    'logout.sweep': () => sessionEnds.sweep(),
    'logout.flush': () => logoutNotices.flush(),
    'clients.unused': () => clients.removeUnused(world.now() - settings().oauth.unusedClientTtl),
  }
  const own = { 'sessions.flush': () => sessions.flush(), 'audit.flush': () => audit.flush() }
  const tasks = further ? own : { ...once, ...own }
  const janitor = stack.use(createJanitor({ storage, collections: further ? [] : collections, world, tasks }))
  const resync = stack.use(createResync(deps))
  const disposal = stack.move()
  const parts = {
    audit,
    keys,
    users,
    groups,
    throttle,
    login,
    diagnose,
    sessions,
    brokers,
    rules,
    managementLogins: createManagementLogins({ ...deps, brokers, rules, users }),
    clients,
    registration,
    registrationTokens,
    clientAuthentication,
    tokens,
    factors,
    completeLogin,
    mfaTokens,
    applications,
    browserSessions,
    authorizations,
    rights,
    devices,
    logoutRequests: createLogoutRequests({ ...deps, clients, sealer }),
    janitor,
    resync,
  }
  return { world, settings, storage, ...parts, [Symbol.asyncDispose]: () => disposal.disposeAsync() }
}

function overheard(audit: Audit, heard: CoreDeps['heard']): Audit {
  if (!heard) return audit
  return {
    ...audit,
    record(entry) {
      heard(entry)
      audit.record(entry)
    },
  }
}
