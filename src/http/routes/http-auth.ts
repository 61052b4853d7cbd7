/**
 * The broker's HTTP auth backend (`/rabbitmq/auth/{user,vhost,resource,topic}`): a form in, a bare word out. Nothing but
 * text is ever answered, and no newline ends it: the broker would drop the connection.
 */
import { type TSchema, Type as t } from '@sinclair/typebox'
import type { Core } from '../../core/core.ts'
import { createHttpAuth } from '../../core/rabbitmq/http-auth.ts'
import type { Broker } from '../../core/rabbitmq/records.ts'
import type { Caller } from '../../core/world.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'
import { plainRefusal } from '../problems.ts'

const text = t.String({ maxLength: 1024 })
/** Brokers send more than is read here, and versions differ in what. */
const User = t.Object({ username: text, password: t.String({ maxLength: 4096 }) })
const Vhost = t.Object({ username: text, vhost: text })
const Resource = t.Object({ ...Vhost.properties, name: text, permission: text })
const Topic = t.Object({ ...Resource.properties, routing_key: text })
const Query = t.Object({ broker: t.Optional(t.String({ maxLength: 64 })), secret: t.Optional(text) })

type Parts = Pick<Core, 'login' | 'completeLogin' | 'users' | 'rules' | 'audit' | 'brokers'>
type Decide<B> = (question: B, broker: Broker, caller: Caller) => Promise<string>

export function httpAuthRoutes(core: Parts): readonly Endpoint[] {
  const decisions = createHttpAuth(core)
  return [
    ...question(core, 'user', User, (asked, broker, caller) => decisions.user(asked, broker, caller)),
    ...question(core, 'vhost', Vhost, (asked, broker, caller) => decisions.vhost(asked, broker, caller)),
    ...question(core, 'resource', Resource, (asked, broker) => decisions.resource(asked, broker)),
    ...question(core, 'topic', Topic, ({ routing_key: routingKey, ...rest }, broker) =>
      decisions.topic({ ...rest, routingKey }, broker),
    ),
  ]
}

/** With the secret as a parameter (or none, for brokers known by address), and with the secret in the path. */
function question<B extends TSchema>(
  { brokers }: Pick<Core, 'brokers'>,
  name: 'user' | 'vhost' | 'resource' | 'topic',
  body: B,
  decide: Decide<B['static']>,
): readonly Endpoint[] {
  return [`/rabbitmq/auth/${name}`, `/rabbitmq/auth/:secret/${name}`].map((path) =>
    endpoint({
      method: 'POST',
      path,
      access: 'broker',
      summary: `HTTP auth backend: ${name}`,
      takes: 'form',
      query: Query,
      body,
      refuse: (status) => plainRefusal(status, 'deny'),
      async handle({ body: asked, query, caller }) {
        const broker = await brokers.choose(query.broker)
        const answer = await decide(asked, broker, { ...caller, actor: `broker:${broker.name}` })
        return new Response(answer, { headers: { 'content-type': 'text/plain; charset=utf-8' } })
      },
    }),
  )
}
