/** What the rules come to (`/rabbitmq/vhosts`, `/rabbitmq/explain`), and what a broker needs (`config`, `doctor`). */
import { Type as t } from '@sinclair/typebox'
import type { Core } from '../../core/core.ts'
import { Problem } from '../../core/problem.ts'
import { brokerConfig } from '../../core/rabbitmq/config.ts'
import { diagnose } from '../../core/rabbitmq/doctor.ts'
import { type Attempt, explain } from '../../core/rabbitmq/explain.ts'
import { PRESET_NAMES, presetRights } from '../../core/rabbitmq/presets.ts'
import type { RuleSubject } from '../../core/rabbitmq/rules.ts'
import type { BrokerAccess } from '../access.ts'
import { type Endpoint, endpoint, type Who } from '../endpoint.ts'
import { strict } from '../schemas.ts'
import { OPENID_CONFIGURATION } from './discovery.ts'
import { ruleWire } from './rules.ts'

const Name = t.String({ minLength: 1, maxLength: 190 })
const Vhost = t.String({ minLength: 1, maxLength: 255 })
const Action = t.Union([t.Literal('configure'), t.Literal('write'), t.Literal('read')])
const ExplainQuery = t.Object(
  {
    user: Name,
    vhost: Vhost,
    broker: t.Optional(Name),
    action: t.Optional(Action),
    resource: t.Optional(t.String({ minLength: 1, maxLength: 512, description: 'queue:orders, exchange:events' })),
    routingKey: t.Optional(t.String({ maxLength: 512 })),
  },
  strict,
)
const ConfigQuery = t.Object(
  {
    version: t.Optional(t.String({ maxLength: 16, description: 'Instead of the registered one' })),
    caFile: t.Optional(t.String({ maxLength: 4096, description: 'Our CA, as a path on the broker’s machine' })),
    passwords: t.Optional(
      t.Union([t.Literal('also'), t.Literal('only')], {
        description: 'User names and passwords through the HTTP backend, beside tokens or instead of them',
      }),
    ),
    uiClient: t.Optional(
      t.String({ minLength: 1, maxLength: 190, description: 'Client as which the management UI lets people log in' }),
    ),
    internalUsers: t.Optional(t.Boolean({ description: 'Keep the users that the broker itself knows' })),
  },
  strict,
)
const Token = t.String({ minLength: 1, maxLength: 32_768 })
const DoctorBody = t.Object({ token: Token, vhost: t.Optional(Vhost), previous: t.Optional(Token) }, strict)

type Parts = Pick<Core, 'users' | 'rules' | 'brokers' | 'keys' | 'settings' | 'world'>

export function rabbitmqRoutes(core: Parts, brokerAccess: () => BrokerAccess): readonly Endpoint[] {
  const { brokers, rules, keys, world } = core
  return [
    endpoint({
      method: 'GET',
      path: '/rabbitmq/vhosts',
      access: 'user',
      summary: 'Vhosts that rules name for a user; for oneself without being an administrator',
      query: t.Object({ user: t.Optional(Name), broker: t.Optional(Name) }, strict),
      async handle({ query, who }) {
        const subject = await subjectOf(core, allowedName(query.user, who))
        const broker = await brokers.choose(query.broker)
        const vhosts = await rules.vhostsOf(subject, broker)
        return { items: vhosts.map((vhost) => ({ vhost, broker: broker.name })), next: null }
      },
    }),
    endpoint({
      method: 'GET',
      path: '/rabbitmq/explain',
      access: 'admin',
      summary: 'Which rules give a user what in a vhost, and what the broker makes of it',
      query: ExplainQuery,
      async handle({ query: { user, vhost, broker, ...attempt } }) {
        const question = { subject: await subjectOf(core, user), vhost, broker: await brokers.choose(broker) }
        const tried = attemptOf(attempt)
        const explained = explain({ ...question, ...(tried && { attempt: tried }) }, await rules.all())
        const near = explained.near.map(({ rule, why }) => ({ rule: ruleWire(rule), why }))
        return { ...explained, rules: explained.rules.map(ruleWire), near }
      },
    }),
    endpoint({
      method: 'GET',
      path: '/rabbitmq/presets',
      access: 'admin',
      summary: 'What the presets for rules give',
      handle: () => ({ items: PRESET_NAMES.map((name) => ({ name, ...presetRights(name) })), next: null }),
    }),
    configRoute(core, brokerAccess),
    endpoint({
      method: 'POST',
      path: '/rabbitmq/brokers/:name/doctor',
      access: 'admin',
      summary: 'Would this broker take this token, and if not why, in its own words',
      body: DoctorBody,
      async handle({ params, body }) {
        const broker = await knownBroker(core, params.name)
        return { findings: await diagnose({ ...body, broker, jwks: keys.jwks(), now: world.now() }) }
      },
    }),
  ]
}

function configRoute(core: Parts, brokerAccess: () => BrokerAccess): Endpoint {
  return endpoint({
    method: 'GET',
    path: '/rabbitmq/brokers/:name/config',
    access: 'admin',
    summary: 'rabbitmq.conf with which the broker takes our tokens; the shared secret only over the control socket',
    query: ConfigQuery,
    async handle({ params, query: { passwords, uiClient, ...query }, who }) {
      const { issuer } = core.settings()
      const { secret } = brokerAccess()
      const known = who.kind === 'operator' && secret !== undefined ? { secret } : {}
      const httpAuth = { url: `${issuer}/rabbitmq/auth`, only: passwords === 'only', ...known }
      const broker = await knownBroker(core, params.name)
      return brokerConfig({
        ...query,
        ...(passwords && { httpAuth }),
        ...(broker.managementUrl !== null && { ui: { kind: 'portal', url: `${issuer}/account/brokers` } }),
        ...(uiClient !== undefined && { ui: { kind: 'code', clientId: uiClient } }),
        broker,
        issuer,
        jwksUrl: `${issuer}/auth/oauth/jwks`,
        discoveryUrl: issuer + OPENID_CONFIGURATION,
      })
    },
  })
}

async function knownBroker({ brokers }: Pick<Core, 'brokers'>, name: string) {
  const broker = await brokers.get(name)
  if (!broker) throw new Problem('not_found', `There is no broker "${name}"`)
  return broker
}

function allowedName(asked: string | undefined, who: Who): string {
  const own = who.kind === 'user' ? who.username : undefined
  const name = asked ?? own
  if (name === undefined) throw new Problem('invalid_request', 'Say which user: ?user=…')
  const all = who.kind === 'operator' || (who.kind === 'user' && who.admin)
  if (!all && name !== own) throw new Problem('forbidden', 'Only for administrators and the user in question')
  return name
}

async function subjectOf({ users }: Pick<Core, 'users'>, name: string): Promise<RuleSubject> {
  const user = await users.get(name)
  if (!user) throw new Problem('not_found', `There is no user "${name}"`)
  const { groups, roles } = await users.subject(user)
  return { kind: 'user', name: user.username, groups, roles }
}

function attemptOf({ action, resource, routingKey }: Partial<Attempt>): Attempt | undefined {
  if (action === undefined && resource === undefined) return undefined
  if (action === undefined || resource === undefined)
    throw new Problem('invalid_request', 'The parameters action and resource go together')
  return routingKey === undefined ? { action, resource } : { action, resource, routingKey }
}
