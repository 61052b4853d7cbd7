/** The session workflow (`/auth/session`): log in, exchange the identity token for access tokens, log out, look. */
import { Type as t } from '@sinclair/typebox'
import type { Core } from '../../core/core.ts'
import { Problem } from '../../core/problem.ts'
import type { SessionLoginResponse } from '../../core/session/sessions.ts'
import { arrivalOf } from '../arrival.ts'
import { missing } from '../check.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'
import { negotiateHeader, ticketOf } from '../negotiate.ts'
import { strict } from '../schemas.ts'

const Name = t.String({ minLength: 1, maxLength: 190 })
const Login = t.Object(
  {
    username: t.Optional(Name),
    password: t.Optional(t.String({ minLength: 1, maxLength: 4096 })),
    vhost: t.Optional(t.String({ minLength: 1, maxLength: 190 })),
    broker: t.Optional(Name),
    otp: t.Optional(
      t.String({ maxLength: 64, description: 'Code of the authenticator app, of who needs a second factor' }),
    ),
    recoveryCode: t.Optional(t.String({ maxLength: 64, description: 'In place of `otp`' })),
  },
  strict,
)
const LoginAnswer = t.Object({
  id_token: t.String({ description: 'The identity token' }),
  token_type: t.Literal('bearer'),
  expires_in: t.Integer({ description: 'Seconds' }),
  vhost: t.String(),
  broker: t.String(),
  username: t.String(),
  ip: t.Union([t.String(), t.Null()]),
})
const TokenAnswer = t.Object({
  access_token: t.String(),
  token_type: t.Literal('bearer'),
  expires_in: t.Integer({ description: 'Seconds' }),
  scope: t.String(),
  vhost: t.String(),
  broker: t.String(),
})
const Presented = t.Object(
  { id_token: t.Optional(t.String({ minLength: 1, maxLength: 16_384, description: 'Instead of the Bearer header' })) },
  strict,
)

export function sessionRoutes({ sessions, login }: Pick<Core, 'sessions' | 'login'>): readonly Endpoint[] {
  return [
    endpoint({
      method: 'POST',
      path: '/auth/session/login',
      access: 'public',
      summary:
        'Log in with name and password, or with a Kerberos ticket: an identity token for one vhost of one broker',
      body: Login,
      bodyOptional: true,
      answer: LoginAnswer,
      async handle({ body, caller, request }) {
        const { username, password, ...target }: Partial<typeof body> = body ?? {}
        const ticket = ticketOf(request.headers)
        const typed = username !== undefined || password !== undefined
        if (login.negotiates() && (ticket || !typed)) {
          if (typed) throw new Problem('invalid_request', 'Send a ticket, or name and password, not both')
          arrivalOf(request).challenge = 'Negotiate'
          if (!ticket?.byteLength)
            throw new Problem('not_authenticated', 'Send a ticket (Authorization: Negotiate …) or name and password')
          const { session, reply } = await sessions.negotiate(ticket, target, caller)
          return negotiated(session, reply)
        }
        return sessions.login({ ...target, ...nameAndPassword(username, password) }, caller)
      },
    }),
    endpoint({
      method: 'POST',
      path: '/auth/session/token',
      access: 'public',
      summary: 'Exchange the identity token for an access token that the broker takes',
      body: Presented,
      bodyOptional: true,
      answer: TokenAnswer,
      handle: ({ body, bearer, caller }) => sessions.exchange(presented(bearer, body), caller),
    }),
    endpoint({
      method: 'POST',
      path: '/auth/session/logout',
      access: 'public',
      summary: 'Revoke the identity token',
      body: Presented,
      bodyOptional: true,
      handle: ({ body, bearer, caller }) => sessions.logout(presented(bearer, body), caller),
    }),
    endpoint({
      method: 'GET',
      path: '/auth/session',
      access: 'public',
      summary: 'Describe the session of the identity token',
      answer: t.Object({
        id: t.String(),
        username: t.String(),
        groups: t.Array(t.String()),
        vhost: t.String(),
        broker: t.String(),
        ip: t.Union([t.String(), t.Null()]),
        algorithm: t.String(),
        created_at: t.Integer({ description: 'Epoch seconds' }),
        valid_until: t.Integer(),
        last_used_at: t.Integer(),
      }),
      handle: ({ bearer, caller }) => sessions.describe(presented(bearer, undefined), caller),
    }),
  ]
}

/** The answer of a login, with the server's proof of itself for callers that asked for mutual authentication. */
function negotiated(session: SessionLoginResponse, reply: Uint8Array | undefined): Response {
  const headers: Record<string, string> = reply ? { 'www-authenticate': negotiateHeader(reply) } : {}
  return Response.json(session, { headers })
}

function nameAndPassword(username: string | undefined, password: string | undefined) {
  if (username !== undefined && password !== undefined) return { username, password }
  throw missing([...(username === undefined ? ['/username'] : []), ...(password === undefined ? ['/password'] : [])])
}

/** The token of the header or of the body; two different ones are a mistake that must not go unnoticed. */
function presented(bearer: string | undefined, body: { readonly id_token?: string } | undefined): string {
  const token = bearer ?? body?.id_token
  if (token === undefined)
    throw new Problem('not_authenticated', 'Send the identity token: Authorization: Bearer … or {"id_token": …}')
  if (bearer !== undefined && body?.id_token !== undefined && body.id_token !== bearer)
    throw new Problem('invalid_request', 'The header and the body hold different tokens')
  return token
}
