/**
 * `authorization_details` of type `rabbitmq` (RFC 9396), as brokers 4.x read them: another way to ask for scopes. Locations
 * are `cluster:<resource server id>/vhost:<name>[/queue:<pattern>|/exchange:<pattern>][/routing-key:<pattern>]`.
 */
import { type Static, Type as t } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Broker } from './records.ts'
import { patternFault, permissionScope, tagScope } from './scope.ts'

const Detail = t.Object(
  {
    type: t.Literal('rabbitmq'),
    locations: t.Array(t.String({ minLength: 1, maxLength: 512 }), { minItems: 1, maxItems: 50 }),
    actions: t.Array(t.String({ minLength: 1, maxLength: 64 }), { minItems: 1, maxItems: 10 }),
  },
  { additionalProperties: false },
)
const Details = t.Array(Detail, { maxItems: 20 })

export interface RabbitmqDetails {
  readonly scopes: readonly string[]
  readonly vhosts: readonly string[]
  /** Names of the brokers. */
  readonly brokers: readonly string[]
  /** As they were sent. */
  readonly entries: readonly Readonly<Record<string, unknown>>[]
}

const NONE: RabbitmqDetails = { scopes: [], vhosts: [], brokers: [], entries: [] }
const PERMISSIONS = ['configure', 'write', 'read'] as const
const TAGS = new Set(['administrator', 'monitoring', 'management', 'policymaker'])
const PARTS = new Set(['cluster', 'vhost', 'queue', 'exchange', 'routing-key'])

/** Throws `invalid_authorization_details`. A location without a vhost would mean every vhost, and is refused. */
export async function rabbitmqDetails(
  text: string | undefined,
  brokerNamed: (name: string) => Promise<Broker | undefined>,
): Promise<RabbitmqDetails> {
  if (text === undefined) return NONE
  const entries = parse(text)
  const read = await Promise.all(
    entries.flatMap(({ locations, actions }) => locations.map((each) => readLocation(each, actions, brokerNamed))),
  )
  return {
    scopes: [...new Set(read.flatMap(({ scopes }) => scopes))],
    vhosts: [...new Set(read.map(({ vhost }) => vhost))],
    brokers: [...new Set(read.map(({ broker }) => broker))],
    entries,
  }
}

function parse(text: string): Static<typeof Details> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw refused('it is not JSON', cause)
  }
  if (Value.Check(Details, value)) return value
  const first = Value.Errors(Details, value).First()
  throw refused(`${first?.path ?? '/'}: ${first?.message ?? 'not as expected'}`)
}

async function readLocation(
  location: string,
  actions: readonly string[],
  brokerNamed: (name: string) => Promise<Broker | undefined>,
) {
  const parts = new Map<string, string>()
  for (const part of location.split('/')) {
    const at = part.indexOf(':')
    const name = part.slice(0, Math.max(0, at))
    if (!PARTS.has(name) || parts.has(name)) throw refused(`a location is made of ${[...PARTS].join(', ')}, each once`)
    parts.set(name, part.slice(at + 1))
  }
  const { cluster, vhost } = { cluster: parts.get('cluster') ?? '', vhost: parts.get('vhost') ?? '' }
  if (cluster === '' || vhost === '') throw refused('a location names a cluster and a vhost')
  const broker = await brokerNamed(cluster)
  if (!broker) throw refused('there is no such cluster')
  const pattern = `${parts.get('queue') ?? parts.get('exchange') ?? '*'}/${parts.get('routing-key') ?? '*'}`
  const fault = patternFault(pattern)
  if (fault !== undefined) throw refused(fault)
  return { broker: broker.name, vhost, scopes: actions.map((action) => scopeFor(action, { broker, vhost, pattern })) }
}

function scopeFor(
  action: string,
  { broker, vhost, pattern }: { readonly broker: Broker; readonly vhost: string; readonly pattern: string },
): string {
  const permission = PERMISSIONS.find((each) => each === action)
  const { resourceServerId } = broker
  if (permission) return permissionScope({ resourceServerId, vhost }, permission, pattern)
  if (TAGS.has(action)) return tagScope(resourceServerId, action)
  throw refused(`an action is one of ${[...PERMISSIONS, ...TAGS].join(', ')}`)
}

function refused(why: string, cause?: unknown): OAuthError {
  return new OAuthError('invalid_authorization_details', `authorization_details cannot be used: ${why}`, { cause })
}
