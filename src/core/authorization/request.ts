/**
 * The checks of an authorization request (RFC 6749 section 4.1.1, OpenID Connect Core section 3.1.2.2). Who asks and where
 * the answer goes comes first: what is wrong before that is never redirected, what is wrong after it always is.
 */
import type { ClientKeys } from '../clients/client-keys.ts'
import type { Clients } from '../clients/clients.ts'
import type { Client } from '../clients/records.ts'
import { matchesRedirectUri } from '../clients/redirect-uri.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Parameters } from '../oauth/parameters.ts'
import { Problem } from '../problem.ts'
import type { Settings } from '../settings.ts'
import type { Target, Targets } from '../token/target.ts'
import type { World } from '../world.ts'
import { readAcrValues, readClaims, readMaxAge, readPrompt, readSubject } from './openid-parameters.ts'
import type { PushedRequests } from './pushed-requests.ts'
import type { AuthorizationRequest, ResponseMode } from './records.ts'
import { openRequestObject } from './request-object.ts'

/** Where an answer goes. */
export interface ReturnAddress {
  readonly redirectUri: string
  readonly redirectUriGiven: boolean
  readonly state: string | null
  readonly responseMode: ResponseMode
}

export type ReadRequest =
  | { readonly ok: true; readonly client: Client; readonly request: AuthorizationRequest }
  | { readonly ok: false; readonly client: Client; readonly error: OAuthError; readonly to: ReturnAddress }

export interface Requests {
  /** Throws an `OAuthError` for what must not be redirected. */
  read(parameters: Parameters): Promise<ReadRequest>
  /** The same for parameters that a client pushes, which authenticated itself; every fault is thrown. */
  readPushed(parameters: Parameters, client: Client): Promise<Asked>
}

export interface RequestDeps {
  readonly world: World
  readonly settings: () => Settings
  readonly clients: Clients
  readonly clientKeys: ClientKeys
  readonly keys: KeyRing
  readonly targets: Targets
  readonly pushedRequests: Pick<PushedRequests, 'find'>
}

/** Parameters, wherever they were. */
export interface Asked {
  readonly client: Client
  readonly parameters: Parameters
  readonly signed: boolean
  readonly pushed: string | null
}

export const RESPONSE_MODES: readonly ResponseMode[] = ['query', 'fragment', 'form_post']
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/
const LONGEST_TEXT = 2_000
/** It is kept and sent back in an address. */
const LONGEST_STATE = 8_192

export function createRequests(deps: RequestDeps): Requests {
  const { settings, clients, keys, targets, pushedRequests } = deps

  async function clientOf(parameters: Parameters): Promise<Client> {
    const client = await clients.get(parameters.need('client_id'))
    if (!client || client.disabled) throw new OAuthError('invalid_client', 'There is no such client', { status: 400 })
    return client
  }

  async function unpack(parameters: Parameters, client: Client): Promise<Asked> {
    const [object, uri] = [parameters.get('request'), parameters.get('request_uri')]
    if (object !== undefined && uri !== undefined)
      throw new OAuthError('invalid_request', 'request and request_uri exclude each other')
    if (object !== undefined) {
      const opened = await openRequestObject(object, client, deps)
      return { client, parameters: opened, signed: true, pushed: null }
    }
    if (uri === undefined) return { client, parameters, signed: false, pushed: null }
    const found = await pushedRequests.find(uri, client)
    return { client, parameters: found.parameters, signed: found.signed, pushed: found.digest }
  }

  /** In this order. */
  async function check(asked: Asked, to: ReturnAddress): Promise<AuthorizationRequest> {
    const { client, parameters, pushed } = asked
    noneTwice(parameters)
    inTheDemandedForm(asked)
    codeOnly(parameters)
    responseModeKnown(parameters)
    grantAllowed(client)
    const target = await targetOf(asked)
    redirectUriWhereNeeded(client, target.scopes, to)
    const codeChallenge = readChallenge(parameters, client)
    const prompt = readPrompt(parameters)
    const maxAge = readMaxAge(parameters, client)
    const claims = readClaims(parameters)
    return {
      clientId: client.id,
      ...to,
      ...target,
      codeChallenge,
      prompt,
      maxAge,
      claims,
      acrValues: readAcrValues(parameters, claims, client),
      subject: await readSubject(parameters, claims, { client, issuer: settings().issuer, keys }),
      loginHint: text(parameters, 'login_hint'),
      uiLocales: text(parameters, 'ui_locales'),
      nonce: text(parameters, 'nonce'),
      dpopJkt: readThumbprint(parameters),
      pushed,
    }
  }

  async function targetOf({ client, parameters }: Asked) {
    const { scopes, resources, broker, vhost, authorizationDetails } = await asOAuth(targets.read(parameters, client))
    return {
      scopes: [...scopes],
      resources: [...resources],
      broker,
      vhost,
      authorizationDetails: authorizationDetails.map((each) => ({ ...each })),
    }
  }

  return {
    async read(outer) {
      onceAtLeast(outer, ['client_id', 'request', 'request_uri'])
      const client = await clientOf(outer)
      let asked: Asked
      try {
        asked = await unpack(outer, client)
      } catch (error) {
        if (!(error instanceof OAuthError) || outer.get('redirect_uri') === undefined) throw error
        return { ok: false, client, error, to: returnAddress(outer, client) }
      }
      const to = returnAddress(asked.parameters, client)
      try {
        return { ok: true, client, request: await check(asked, to) }
      } catch (error) {
        if (!(error instanceof OAuthError)) throw error
        return { ok: false, client, error, to }
      }
    },
    async readPushed(outer, client) {
      noneTwice(outer)
      if (outer.get('request_uri') !== undefined)
        throw new OAuthError('invalid_request', 'request_uri cannot be pushed')
      if (outer.get('client_id') !== undefined && outer.get('client_id') !== client.id)
        throw new OAuthError('invalid_request', 'client_id is that of another client')
      const asked = { ...(await unpack(outer, client)), pushed: 'now' }
      await check(asked, returnAddress(asked.parameters, client))
      return asked
    },
  }
}

/** Throws what is shown as a page. */
function returnAddress(parameters: Parameters, client: Client): ReturnAddress {
  onceAtLeast(parameters, ['redirect_uri'])
  const given = parameters.get('redirect_uri')
  const [only, ...more] = client.redirectUris
  const redirectUri = given ?? (more.length === 0 ? only : undefined)
  if (redirectUri === undefined) throw new OAuthError('invalid_request', 'The parameter redirect_uri is missing')
  if (!matchesRedirectUri(client.redirectUris, redirectUri))
    throw new OAuthError('invalid_request', 'redirect_uri is none that the client registered')
  if ((parameters.get('state')?.length ?? 0) > LONGEST_STATE)
    throw new OAuthError('invalid_request', 'The parameter state is too long')
  const once = (name: string) => (parameters.repeated.includes(name) ? undefined : parameters.get(name))
  return {
    redirectUri,
    redirectUriGiven: given !== undefined,
    state: once('state') ?? null,
    responseMode: RESPONSE_MODES.find((mode) => mode === once('response_mode')) ?? 'query',
  }
}

function onceAtLeast(parameters: Parameters, names: readonly string[]): void {
  const twice = names.find((name) => parameters.repeated.includes(name))
  if (twice !== undefined) throw new OAuthError('invalid_request', `The parameter ${twice} is given twice`)
}

function noneTwice({ repeated: [twice] }: Parameters): void {
  if (twice !== undefined) throw new OAuthError('invalid_request', `The parameter ${twice} is given twice`)
}

function inTheDemandedForm({ client, signed, pushed }: Asked): void {
  if (client.requirePushedRequests && pushed === null)
    throw new OAuthError('invalid_request', 'The client has to push its requests (RFC 9126)')
  if (client.requireSignedRequests && !signed)
    throw new OAuthError('invalid_request', 'The client has to sign its requests (RFC 9101)')
}

/** OpenID Connect Core section 3.1.2.1, FAPI 2.0 Security Profile section 5.3.2.2. */
function redirectUriWhereNeeded({ profile }: Client, scopes: readonly string[], to: ReturnAddress): void {
  if ((scopes.includes('openid') || profile === 'fapi2') && !to.redirectUriGiven)
    throw new OAuthError('invalid_request', 'The parameter redirect_uri is missing')
}

function codeOnly(parameters: Parameters): void {
  if (parameters.need('response_type') !== 'code')
    throw new OAuthError('unsupported_response_type', 'The only response_type is code')
}

function responseModeKnown(parameters: Parameters): void {
  const mode = parameters.get('response_mode')
  if (mode !== undefined && !RESPONSE_MODES.some((known) => known === mode))
    throw new OAuthError('invalid_request', `response_mode is one of ${RESPONSE_MODES.join(', ')}`)
}

function grantAllowed({ grants }: Client): void {
  if (!grants.includes('authorization_code'))
    throw new OAuthError('unauthorized_client', 'The client may not use the grant authorization_code')
}

/** RFC 7636 with S256 alone: a challenge that says nothing of its method means `plain`. */
function readChallenge(parameters: Parameters, client: Client): string | null {
  const challenge = parameters.get('code_challenge')
  const method = parameters.get('code_challenge_method')
  if (challenge === undefined) {
    if (method !== undefined) throw new OAuthError('invalid_request', 'The parameter code_challenge is missing')
    if (!client.requirePkce && client.confidential) return null
    throw new OAuthError('invalid_request', 'The client has to use PKCE: code_challenge is missing')
  }
  if (method !== 'S256') throw new OAuthError('invalid_request', 'code_challenge_method has to be S256')
  if (!CHALLENGE.test(challenge)) throw new OAuthError('invalid_request', 'code_challenge is no SHA-256 in base64url')
  return challenge
}

/** RFC 9449 section 10. */
function readThumbprint(parameters: Parameters): string | null {
  const thumbprint = parameters.get('dpop_jkt') ?? null
  if (thumbprint !== null && !CHALLENGE.test(thumbprint))
    throw new OAuthError('invalid_request', 'dpop_jkt is no SHA-256 thumbprint in base64url')
  return thumbprint
}

function text(parameters: Parameters, name: string): string | null {
  const value = parameters.get(name) ?? null
  if (value !== null && (value.length > LONGEST_TEXT || value.includes('\0') || !value.isWellFormed()))
    throw new OAuthError('invalid_request', `The parameter ${name} is too long or cannot be kept`)
  return value
}

/** What the brokers refuse, in the words of RFC 8707. */
async function asOAuth(target: Promise<Target>): Promise<Target> {
  try {
    return await target
  } catch (error) {
    if (!(error instanceof Problem) || error.status >= 500) throw error
    throw new OAuthError('invalid_target', error.detail, { cause: error })
  }
}
