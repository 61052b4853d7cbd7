/** Brokers (`/rabbitmq/brokers`): the RabbitMQ clusters that take our tokens. */
import { type Static, Type as t } from '@sinclair/typebox'
import type { Core } from '../../core/core.ts'
import { Problem } from '../../core/problem.ts'
import type { Broker } from '../../core/rabbitmq/records.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'
import { Instant, instant, listOf, strict } from '../schemas.ts'

const changeable = {
  resourceServerId: t.String({ minLength: 1, maxLength: 64 }),
  version: t.String({ minLength: 1, maxLength: 16, description: '3.10 to 4.3' }),
  tokenTtlSeconds: t.Integer({ minimum: 1, maximum: 31_536_000, description: 'Life of access tokens' }),
  description: t.String({ maxLength: 1000 }),
  managementUrl: t.Union([t.String({ maxLength: 2000 }), t.Null()], {
    description: 'Where people open its management UI: https, or http on a loopback address',
  }),
}
const { resourceServerId, version, ...optional } = changeable
const NewBroker = t.Object(
  {
    name: t.String({ minLength: 1, maxLength: 64 }),
    resourceServerId,
    version,
    ...t.Partial(t.Object(optional)).properties,
  },
  strict,
)
const BrokerChange = t.Partial(t.Object(changeable), strict)
const BrokerAnswer = t.Object({ name: t.String(), ...changeable, createdAt: Instant, updatedAt: Instant })

export function brokerRoutes({ brokers }: Pick<Core, 'brokers'>): readonly Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/rabbitmq/brokers',
      access: 'admin',
      summary: 'List brokers',
      answer: listOf(BrokerAnswer),
      handle: async () => ({ items: (await brokers.list()).map(wire), next: null }),
    }),
    endpoint({
      method: 'POST',
      path: '/rabbitmq/brokers',
      access: 'admin',
      summary: 'Register a broker',
      body: NewBroker,
      answer: BrokerAnswer,
      status: 201,
      async handle({ body: { name, resourceServerId, version, ...rest }, caller }) {
        return wire(await brokers.create({ name, resourceServerId, version, ...internal(rest) }, caller))
      },
    }),
    endpoint({
      method: 'GET',
      path: '/rabbitmq/brokers/:name',
      access: 'admin',
      summary: 'Read a broker',
      answer: BrokerAnswer,
      async handle({ params }) {
        const broker = await brokers.get(params.name)
        if (!broker) throw new Problem('not_found', `There is no broker "${params.name}"`)
        return wire(broker)
      },
    }),
    endpoint({
      method: 'PATCH',
      path: '/rabbitmq/brokers/:name',
      access: 'admin',
      summary: 'Change a broker',
      takes: 'merge-patch',
      body: BrokerChange,
      answer: BrokerAnswer,
      handle: async ({ params, body, caller }) => wire(await brokers.update(params.name, internal(body), caller)),
    }),
    endpoint({
      method: 'DELETE',
      path: '/rabbitmq/brokers/:name',
      access: 'admin',
      summary: 'Forget a broker',
      handle: ({ params, caller }) => brokers.delete(params.name, caller),
    }),
  ]
}

function internal({ tokenTtlSeconds, ...rest }: Static<typeof BrokerChange>) {
  return { ...rest, ...(tokenTtlSeconds !== undefined && { tokenTtl: tokenTtlSeconds * 1000 }) }
}

function wire({ tokenTtl, ...broker }: Broker): Static<typeof BrokerAnswer> {
  return {
    ...broker,
    tokenTtlSeconds: Math.floor(tokenTtl / 1000),
    createdAt: instant(broker.createdAt),
    updatedAt: instant(broker.updatedAt),
  }
}
