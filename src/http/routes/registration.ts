/** Dynamic client registration (RFC 7591), its management (RFC 7592), and the tokens that let somebody register. */
import { type Static, Type as t } from '@sinclair/typebox'
import type { RegistrationToken } from '../../core/clients/records.ts'
import type { Core } from '../../core/core.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'
import { Instant, instant, list, listOf, pageOf, PageQuery, strict } from '../schemas.ts'

export const REGISTER = '/auth/oauth/register'

const Metadata = t.Record(t.String(), t.Unknown(), { description: 'Client metadata (RFC 7591 section 2)' })
// Reads no cookie, and a page elsewhere cannot send JSON without asking first.
const shared = { access: 'public', errors: 'oauth', crossSite: true } as const
const one = { ...shared, path: `${REGISTER}/:id` } as const

const NewToken = t.Object(
  {
    uses: t.Optional(t.Integer({ minimum: 1, maximum: 10_000, description: 'Clients it may register; 1 if left out' })),
    ttlSeconds: t.Optional(t.Integer({ minimum: 60, maximum: 31_536_000, description: 'A day if left out' })),
    note: t.Optional(t.String({ maxLength: 1_000 })),
  },
  strict,
)
const TokenAnswer = t.Object({
  id: t.String(),
  note: t.String(),
  uses: t.Integer({ description: 'Clients that it may still register' }),
  createdAt: Instant,
  expiresAt: Instant,
})
const DAY = 86_400

export function registrationRoutes({
  registration,
  registrationTokens,
}: Pick<Core, 'registration' | 'registrationTokens'>): readonly Endpoint[] {
  return [
    endpoint({
      ...shared,
      method: 'POST',
      path: REGISTER,
      cors: true,
      summary: 'Register a client (RFC 7591)',
      body: Metadata,
      answer: Metadata,
      status: 201,
      handle: ({ body, bearer, caller }) => registration.register(body, bearer, caller),
    }),
    endpoint({
      ...one,
      method: 'GET',
      summary: 'What a client has registered (RFC 7592)',
      answer: Metadata,
      handle: ({ params, bearer }) => registration.read(params.id, bearer),
    }),
    endpoint({
      ...one,
      method: 'PUT',
      summary: 'Replace what a client has registered',
      body: Metadata,
      answer: Metadata,
      handle: ({ params, body, bearer, caller }) => registration.update(params.id, { body, bearer }, caller),
    }),
    endpoint({
      ...one,
      method: 'DELETE',
      summary: 'Take a registration back',
      handle: ({ params, bearer, caller }) => registration.remove(params.id, bearer, caller),
    }),
    ...tokenRoutes(registrationTokens),
  ]
}

function tokenRoutes(tokens: Core['registrationTokens']): readonly Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/registration-tokens',
      access: 'admin',
      summary: 'List the tokens that let somebody register clients',
      query: PageQuery,
      answer: listOf(TokenAnswer),
      handle: async ({ query }) => list(await tokens.list(pageOf(query)), wire),
    }),
    endpoint({
      method: 'POST',
      path: '/registration-tokens',
      access: 'admin',
      summary: 'Make a token that lets somebody register clients, shown this once',
      body: NewToken,
      answer: t.Object({ token: t.String(), ...TokenAnswer.properties }),
      status: 201,
      async handle({ body: { uses = 1, ttlSeconds = DAY, note = '' }, caller }) {
        const { token, text } = await tokens.create({ uses, note, ttl: ttlSeconds * 1000 }, caller)
        return { token: text, ...wire(token) }
      },
    }),
    endpoint({
      method: 'DELETE',
      path: '/registration-tokens/:id',
      access: 'admin',
      summary: 'Withdraw a token',
      handle: ({ params, caller }) => tokens.delete(params.id, caller),
    }),
  ]
}

function wire({ digest: _digest, ...token }: RegistrationToken): Static<typeof TokenAnswer> {
  return { ...token, createdAt: instant(token.createdAt), expiresAt: instant(token.expiresAt) }
}
