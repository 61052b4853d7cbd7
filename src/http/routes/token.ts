/** The token side of OAuth 2 (`/auth/oauth`): tokens, what they are, taking them back, and who they are about. */
import { Type as t } from '@sinclair/typebox'
import type { Core } from '../../core/core.ts'
import { OAuthError } from '../../core/oauth/oauth-error.ts'
import type { Parameters } from '../../core/oauth/parameters.ts'
import { presentedIn } from '../../core/token/endpoint.ts'
import type { PresentedToken, Userinfo } from '../../core/token/userinfo.ts'
import { arrivalOf } from '../arrival.ts'
import { type Endpoint, endpoint, type Input } from '../endpoint.ts'

export const TOKEN = '/auth/oauth/token'
export const INTROSPECT = '/auth/oauth/introspect'
export const REVOKE = '/auth/oauth/revoke'
export const USERINFO = '/auth/oauth/userinfo'

const shared = { access: 'public', errors: 'oauth', crossSite: true } as const
const TokenAnswer = t.Object({
  access_token: t.String(),
  token_type: t.Union([t.Literal('bearer'), t.Literal('DPoP')]),
  expires_in: t.Integer({ description: 'Seconds' }),
  scope: t.String(),
  refresh_token: t.Optional(t.String()),
  id_token: t.Optional(t.String()),
})
const INTROSPECTION_JWT = 'application/token-introspection+jwt'

export function tokenRoutes({
  tokens,
  clientAuthentication,
}: Pick<Core, 'tokens' | 'clientAuthentication'>): readonly Endpoint[] {
  return [
    endpoint({
      ...shared,
      method: 'POST',
      path: TOKEN,
      cors: true,
      takes: 'parameters',
      summary: 'Tokens for a grant (RFC 6749)',
      answer: TokenAnswer,
      async handle({ parameters, request, caller }) {
        const response = await tokens.token({
          ...credentials(parameters, request),
          dpop: proofIn(request, TOKEN),
          caller,
        })
        return json(response, nonceHeader(tokens.dpop.nonce()))
      },
    }),
    endpoint({
      ...shared,
      method: 'POST',
      path: INTROSPECT,
      takes: 'parameters',
      summary: 'What a token is, for confidential clients (RFC 7662)',
      answer: t.Object({ active: t.Boolean() }),
      async handle({ parameters, request, caller }) {
        const presented = presentedIn(credentials(parameters, request))
        const { client } = await clientAuthentication.authenticate(presented, caller)
        if (!client.confidential) throw new OAuthError('invalid_client', 'Only confidential clients may ask')
        const token = parameters.need('token')
        if (!(request.headers.get('accept') ?? '').includes(INTROSPECTION_JWT))
          return json(await tokens.introspect(token, client))
        return typed(await tokens.signed(token, client), INTROSPECTION_JWT)
      },
    }),
    endpoint({
      ...shared,
      method: 'POST',
      path: REVOKE,
      cors: true,
      takes: 'parameters',
      summary: 'Revoke a token (RFC 7009)',
      async handle({ parameters, request, caller }) {
        const presented = presentedIn(credentials(parameters, request))
        const { client } = await clientAuthentication.authenticate(presented, caller)
        await tokens.revoke(parameters.need('token'), client, caller)
        return new Response(null, { status: 200 })
      },
    }),
    endpoint({
      ...shared,
      method: 'GET',
      path: USERINFO,
      cors: true,
      summary: 'Who an access token is about (OpenID Connect Core section 5.3)',
      handle: async ({ request }) => shown(await tokens.userinfo(tokenInHeader(request), proofIn(request, USERINFO))),
    }),
    endpoint({
      ...shared,
      method: 'POST',
      path: USERINFO,
      cors: true,
      takes: 'parameters',
      bodyOptional: true,
      summary: 'The same with the token in the header or as the parameter access_token',
      handle: async (input) => shown(await tokens.userinfo(tokenOf(input), proofIn(input.request, USERINFO))),
    }),
  ]
}

/** Everything of a request that may prove who the client is; every endpoint that asks takes it from here. */
export function credentials(parameters: Parameters, request: Request) {
  const { certificateSubject } = arrivalOf(request)
  return { parameters, authorization: request.headers.get('authorization') ?? undefined, certificateSubject }
}

/** Two proofs arrive joined by a comma and are no proof. */
export function proofIn(request: Request, path: string) {
  return { proof: request.headers.get('dpop') ?? undefined, method: request.method, path }
}

function tokenInHeader(request: Request): PresentedToken | undefined {
  const [, scheme = '', token] =
    /^(bearer|dpop) +([A-Za-z0-9\-._~+/]+=*)$/i.exec(request.headers.get('authorization') ?? '') ?? []
  return token === undefined ? undefined : { token, scheme: scheme.toLowerCase() === 'dpop' ? 'dpop' : 'bearer' }
}

/** RFC 6750 section 2: by one way, not by two. */
function tokenOf({ request, parameters }: Input): PresentedToken | undefined {
  const header = tokenInHeader(request)
  const body = parameters.get('access_token')
  if (header && body !== undefined) throw new OAuthError('invalid_request', 'Send the access token once')
  return header ?? (body === undefined ? undefined : { token: body, scheme: 'bearer' })
}

function shown(userinfo: Userinfo): Response {
  return userinfo.kind === 'json' ? json(userinfo.claims) : typed(userinfo.text, 'application/jwt')
}

function json(body: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), {
    headers: { 'content-type': 'application/json', pragma: 'no-cache', ...headers },
  })
}

function typed(text: string, type: string): Response {
  return new Response(text, { headers: { 'content-type': type } })
}

function nonceHeader(nonce: string | undefined): Readonly<Record<string, string>> {
  return nonce === undefined ? {} : { 'dpop-nonce': nonce }
}
