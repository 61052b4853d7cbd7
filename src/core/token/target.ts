/** What tokens are asked for: this server, resources of a client's list, or one vhost of one broker. */
import type { Client } from '../clients/records.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import { type Parameters, words } from '../oauth/parameters.ts'
import { rabbitmqDetails } from '../rabbitmq/authorization-details.ts'
import type { Broker } from '../rabbitmq/records.ts'
import type { Brokers } from '../rabbitmq/rules.ts'
import { vhostFault } from '../rabbitmq/scope.ts'
import type { Settings } from '../settings.ts'

/** Part of an `Authorization`: scopes, resources, and the vhost when it is about a broker. */
export interface Target {
  /** Without `vhost:<name>`; those of a broker among them. */
  readonly scopes: readonly string[]
  /** As asked for; empty for this server. */
  readonly resources: readonly string[]
  /** Name of the broker. */
  readonly broker: string | null
  readonly vhost: string | null
  readonly authorizationDetails: readonly Readonly<Record<string, unknown>>[]
}

export interface TargetDeps {
  readonly settings: () => Settings
  readonly brokers: Brokers
}

/** Scopes that are about a person. */
export const IDENTITY_SCOPES: ReadonlySet<string> = new Set([
  'openid',
  'profile',
  'email',
  'phone',
  'address',
  'groups',
  'offline_access',
])
const VHOST_SCOPE = 'vhost:'
const MOST_SCOPES = 200
const MOST_SCOPE_BYTES = 16_384

export interface Targets {
  /**
   * Reads `scope`, `resource`, `audience`, `vhost` and `authorization_details`. Throws `invalid_scope`, `invalid_target`
   * or `invalid_authorization_details`. Whether the rules give what is asked of a broker is found when tokens are made.
   */
  read(parameters: Parameters, client: Client): Promise<Target>
  /** The broker that one of its names means: its own, its resource server id, `urn:leveret:broker:<name>`. */
  brokerNamed(name: string): Promise<Broker | undefined>
}

export function createTargets({ settings, brokers }: TargetDeps): Targets {
  async function brokerNamed(name: string): Promise<Broker | undefined> {
    const plain = name.replace(/^urn:leveret:broker:/, '')
    return (
      (await brokers.get(plain)) ?? (await brokers.list()).find(({ resourceServerId }) => resourceServerId === plain)
    )
  }

  /** A broker of the scopes themselves: `rabbitmq.read:prod/…` says which. */
  async function brokerOfScopes(scopes: readonly string[]): Promise<Broker | undefined> {
    if (!scopes.some((scope) => scope.includes(':'))) return undefined
    const known = await brokers.list()
    const named = known.filter(({ resourceServerId }) => scopes.some((scope) => isScopeOf(resourceServerId, scope)))
    if (named.length > 1) throw new OAuthError('invalid_scope', 'The scopes are those of more than one broker')
    return named[0]
  }

  function isOurs(resource: string): boolean {
    const { issuer } = settings()
    return resource === issuer || resource === `${issuer}/auth/oauth/userinfo`
  }

  async function readBrokers(names: readonly string[]): Promise<readonly (Broker | undefined)[]> {
    if (names.length === 0) return []
    const found = await Promise.all(names.map(brokerNamed))
    if (new Set(found.filter(Boolean)).size > 1 || (found.some(Boolean) && !found.every(Boolean)))
      throw new OAuthError('invalid_target', 'A token for a broker is for that broker alone')
    return found
  }

  async function readTarget(names: readonly string[], scopes: readonly string[], vhost: string | undefined) {
    const [named] = await readBrokers(names)
    const broker = named ?? (names.length === 0 ? await brokerOfScopes(scopes) : undefined)
    if (broker) return { broker, resources: [broker.name] }
    // A vhost without a broker means the default one, as in the session workflow.
    if (vhost !== undefined && names.length === 0) {
      const chosen = await brokers.choose(undefined)
      return { broker: chosen, resources: [chosen.name] }
    }
    return { broker: undefined, resources: names.filter((name) => !isOurs(name)) }
  }

  function checkAudiences(client: Client, broker: Broker | undefined, resources: readonly string[]): void {
    if (broker) return
    for (const resource of resources) {
      if (client.audiences.includes(resource)) continue
      const known = URL.canParse(resource) && !resource.includes('#')
      throw new OAuthError(
        'invalid_target',
        known ? 'The client may not ask for tokens for this resource' : 'A resource is an absolute URI or a broker',
      )
    }
  }

  return {
    brokerNamed,
    async read(parameters, client) {
      const text = parameters.get('scope')
      if ((text?.length ?? 0) > MOST_SCOPE_BYTES) throw new OAuthError('invalid_scope', 'The scope is too long')
      const asked = words(text)
      if (asked.length > MOST_SCOPES) throw new OAuthError('invalid_scope', `At most ${MOST_SCOPES} scopes are taken`)
      const details = await rabbitmqDetails(parameters.get('authorization_details'), brokerNamed)
      const scopes = [...asked.filter((scope) => !scope.startsWith(VHOST_SCOPE)), ...details.scopes]
      const names = [...new Set([...parameters.all('resource'), ...parameters.all('audience')])]
      const given = oneVhost([...vhostsIn(asked), ...present(parameters.get('vhost')), ...details.vhosts])
      const { broker, resources } = await readTarget(names.length === 0 ? details.brokers : names, scopes, given)
      checkAudiences(client, broker, resources)
      checkScopes(client, scopes, broker)
      const vhost = broker ? vhostOf(broker, scopes, given, settings().session.defaultVhost) : null
      const authorizationDetails = details.entries
      return { scopes, resources, broker: broker?.name ?? null, vhost, authorizationDetails }
    },
  }
}

const BROKER_SCOPE = /^\.(?:configure|write|read|tag):/

function isScopeOf(resourceServerId: string, scope: string): boolean {
  return scope.startsWith(resourceServerId) && BROKER_SCOPE.test(scope.slice(resourceServerId.length))
}

/** Only what the client is registered for; scopes of the broker are bounded by the rules. */
function checkScopes(client: Client, scopes: readonly string[], broker: Broker | undefined): void {
  const strange = scopes.find(
    (scope) => !client.scopes.includes(scope) && !(broker && isScopeOf(broker.resourceServerId, scope)),
  )
  if (strange === undefined) return
  throw new OAuthError('invalid_scope', `The client may not ask for the scope ${strange.slice(0, 100)}`)
}

function vhostsIn(scopes: readonly string[]): readonly string[] {
  return scopes
    .filter((scope) => scope.startsWith(VHOST_SCOPE))
    .map((scope) => decoded(scope.slice(VHOST_SCOPE.length)))
}

/** The vhost that is named, or that the scopes of the broker name, or the default one. */
function vhostOf(broker: Broker, scopes: readonly string[], given: string | undefined, standard: string): string {
  const pattern = new RegExp(`^${RegExp.escape(broker.resourceServerId)}\\.(?:configure|write|read):([^/]*)/`)
  const named = scopes.flatMap((scope) => present(pattern.exec(scope)?.[1])).map(decoded)
  return oneVhost([...present(given), ...named]) ?? standard
}

function oneVhost(names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined
  const [first, second] = new Set(names)
  if (second !== undefined) throw new OAuthError('invalid_scope', 'A token is for one vhost; name one')
  const fault =
    first === undefined ? undefined : (vhostFault(first) ?? (first.includes('*') ? 'Name one vhost' : undefined))
  if (fault !== undefined) throw new OAuthError('invalid_scope', `The vhost is not usable: ${fault}`)
  return first
}

function present(text: string | undefined): readonly string[] {
  return text === undefined || text === '' ? [] : [text]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new OAuthError('invalid_scope', 'A percent sign in a vhost is written %25')
  }
}

/** The scopes of a broker among others. */
export function scopesOfBroker(scopes: readonly string[], broker: Broker): readonly string[] {
  return scopes.filter((scope) => isScopeOf(broker.resourceServerId, scope))
}
