/** Clients (`/clients`): administrators register and change them; whoever owns one sees it and may give it a new secret. */
import { Type as t } from '@sinclair/typebox'
import type { ClientInput, Registered } from '../../core/clients/clients.ts'
import { checkProfile, PROFILES } from '../../core/clients/profile-check.ts'
import type { Client } from '../../core/clients/records.ts'
import type { Core } from '../../core/core.ts'
import { Problem } from '../../core/problem.ts'
import { type Endpoint, endpoint, type Who } from '../endpoint.ts'
import { list, listOf, pageOf, pageQuery, strict } from '../schemas.ts'
import {
  ClientAnswer,
  ClientChange,
  clientInputOf,
  NewClientBody,
  RegisteredAnswer,
  wireClient,
  wirePath,
} from './client-wire.ts'

const ClientQuery = t.Object(
  { ...pageQuery, owner: t.Optional(t.String({ maxLength: 64, description: 'Id of the user who owns them' })) },
  strict,
)
const Rotation = t.Object(
  {
    overlapSeconds: t.Optional(
      t.Integer({ minimum: 0, maximum: 31_536_000, description: 'How long the secret before works on; 0 if left out' }),
    ),
  },
  strict,
)

type ClientParts = Pick<Core, 'clients' | 'settings'>

const CheckQuery = t.Object({ profile: t.Optional(t.Union(PROFILES.map((profile) => t.Literal(profile)))) }, strict)
const CheckAnswer = t.Object({
  profile: t.String(),
  met: t.Boolean(),
  demands: t.Array(
    t.Object({
      demand: t.String(),
      lacks: t.Union([t.String({ description: 'What is there instead' }), t.Null()]),
    }),
  ),
})

export function clientRoutes({ clients, settings }: ClientParts): readonly Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/clients',
      access: 'user',
      summary: 'List clients by id; for others than administrators their own',
      query: ClientQuery,
      answer: listOf(ClientAnswer),
      async handle({ query, who }) {
        const owner = mayAll(who) ? query.owner : userIdOf(who)
        return list(await clients.list({ ...pageOf(query), ...(owner !== undefined && { owner }) }), wireClient)
      },
    }),
    endpoint({
      method: 'POST',
      path: '/clients',
      access: 'admin',
      summary: 'Register a client; its secret is shown this once',
      body: NewClientBody,
      answer: RegisteredAnswer,
      status: 201,
      async handle({ body: { id, name, ...rest }, caller }) {
        const input = { ...clientInputOf(rest), name, ...(id !== undefined && { id }) }
        return registered(await namingMembers(() => clients.create(input, caller)))
      },
    }),
    endpoint({
      method: 'GET',
      path: '/clients/:id',
      access: 'user',
      summary: 'Read a client',
      answer: ClientAnswer,
      handle: async ({ params, who }) => wireClient(await reachable(clients, params.id, who)),
    }),
    endpoint({
      method: 'PATCH',
      path: '/clients/:id',
      access: 'admin',
      summary: 'Change a client',
      takes: 'merge-patch',
      body: ClientChange,
      answer: ClientAnswer,
      async handle({ params, body, caller }) {
        const change: ClientInput = clientInputOf(body)
        return wireClient(await namingMembers(() => clients.update(params.id, change, caller)))
      },
    }),
    endpoint({
      method: 'DELETE',
      path: '/clients/:id',
      access: 'admin',
      summary: 'Delete a client; everything it was granted ends',
      handle: ({ params, caller }) => clients.delete(params.id, caller),
    }),
    rotation(clients),
    profileCheck({ clients, settings }),
  ]
}

function profileCheck({ clients, settings }: ClientParts): Endpoint {
  return endpoint({
    method: 'GET',
    path: '/clients/:id/check',
    access: 'user',
    summary: 'What a profile demands of a client and what the client lacks',
    query: CheckQuery,
    answer: CheckAnswer,
    async handle({ params, query, who }) {
      const client = await reachable(clients, params.id, who)
      const profile = query.profile ?? client.profile ?? 'rfc9700'
      const demands = checkProfile(client, profile, settings())
      return { profile, met: demands.every(({ lacks }) => lacks === null), demands }
    },
  })
}

function rotation(clients: Core['clients']): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/clients/:id:rotate-secret',
    access: 'user',
    summary: 'Give a client a new secret, shown this once',
    body: Rotation,
    bodyOptional: true,
    answer: RegisteredAnswer,
    async handle({ params, body, who, caller }) {
      const { id } = await reachable(clients, params.id, who)
      const overlap = (body?.overlapSeconds ?? 0) * 1000
      return registered(await clients.rotateSecret(id, { overlap }, caller))
    },
  })
}

function registered({ client, secret }: Registered) {
  return { client: wireClient(client), secret: secret ?? null }
}

/** The client, for those who may see it. Others are not told whether there is one. */
async function reachable(clients: Core['clients'], id: string, who: Who): Promise<Client> {
  const client = await clients.get(id)
  if (!mayAll(who) && (client === undefined || client.ownerId !== userIdOf(who)))
    throw new Problem('forbidden', 'Only for administrators and the owner of the client')
  if (!client) throw new Problem('not_found', `There is no client "${id}"`)
  return client
}

function mayAll(who: Who): boolean {
  return who.kind === 'operator' || (who.kind === 'user' && who.admin)
}

/** Owners are users; nobody else owns anything. */
function userIdOf(who: Who): string {
  return who.kind === 'user' ? who.userId : ''
}

/** Faults are named as the caller wrote the member. */
async function namingMembers<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof Problem) || error.faults === undefined) throw error
    const faults = error.faults.map(({ path, message }) => ({ path: wirePath(path), message }))
    throw new Problem(error.code, error.detail, { cause: error, faults })
  }
}
