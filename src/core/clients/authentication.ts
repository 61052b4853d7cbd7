/** Client authentication (RFC 6749 section 2.3, RFC 7523, RFC 8705): one method a request, the one the client registered. */
import type { Storage } from '#plugin'
import type { Audit } from '../audit/audit.ts'
import { type Throttle, tooMany } from '../login/throttle.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Outbound } from '../outbound.ts'
import type { Settings } from '../settings.ts'
import type { Caller, World } from '../world.ts'
import { type AssertionDeps, createAssertions } from './assertion.ts'
import { isSecretOf } from './client-secret.ts'
import type { AuthMethod, Clients } from './clients.ts'
import type { Client } from './records.ts'

/** What a request says about its client; each parameter as sent, once. */
export interface PresentedClient {
  /** The Authorization header. */
  readonly authorization: string | undefined
  readonly client_id?: string | undefined
  readonly client_secret?: string | undefined
  readonly client_assertion?: string | undefined
  readonly client_assertion_type?: string | undefined
  /** Subject of a client certificate that a trusted proxy verified (RFC 4514). */
  readonly certificateSubject?: string | undefined
}

export interface AuthenticatedClient {
  readonly client: Client
  readonly method: AuthMethod
}

export interface ClientAuthentication {
  /**
   * Throws `OAuthError`: `invalid_client` for every way of not being who one says (401, and `WWW-Authenticate: Basic` if
   * Basic was tried), `invalid_request` for two methods at once. A public client passes with its `client_id`. After a few
   * wrong secrets for one client from one network more of them are a `Problem` (429). The right one always passes: it has
   * at least 16 characters, and nobody must be able to keep a service out.
   */
  authenticate(presented: PresentedClient, caller: Caller): Promise<AuthenticatedClient>
}

export interface ClientAuthenticationDeps extends AssertionDeps {
  readonly storage: Storage
  readonly world: World
  readonly settings: () => Settings
  readonly audit: Pick<Audit, 'record'>
  readonly clients: Clients
  readonly throttle: Pick<Throttle, 'clientRefused'>
  readonly outbound: Outbound
}

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const BASIC = /^basic +[A-Za-z0-9+/=_-]+$/i

interface Claimed {
  readonly id: string
  readonly methods: readonly AuthMethod[]
  readonly secret?: string
  readonly assertion?: string
}

export function createClientAuthentication(deps: ClientAuthenticationDeps): ClientAuthentication {
  const { world, audit, clients, throttle } = deps
  const assertions = createAssertions(deps)

  async function proves(client: Client, claimed: Claimed, presented: PresentedClient): Promise<string | undefined> {
    const method = client.authMethod as AuthMethod
    if (!claimed.methods.includes(method)) return `registered for ${method}`
    switch (method) {
      case 'none':
        return undefined
      case 'client_secret_basic':
      case 'client_secret_post':
        return isSecretOf(client, claimed.secret ?? '', world.now()) ? undefined : 'wrong secret'
      case 'client_secret_jwt':
      case 'private_key_jwt':
        return await assertions.fault(client, claimed.assertion ?? '')
      case 'tls_client_auth':
        return presented.certificateSubject === client.tlsSubject ? undefined : 'wrong certificate'
    }
  }

  return {
    async authenticate(presented, caller) {
      const claimed = claim(presented)
      const client = await clients.get(claimed.id)
      const fault = client ? (client.disabled ? 'disabled' : await proves(client, claimed, presented)) : 'unknown'
      // Of a client that nobody vouches for the janitor may be faster than its first use.
      if (client && fault === undefined && (client.unusedSince === null || (await clients.markUsed(client.id))))
        return { client, method: client.authMethod as AuthMethod }
      const wait = client ? await throttle.clientRefused(client.id, caller.ip) : 0
      const detail = { why: fault ?? 'unknown', methods: claimed.methods.join(' ') }
      // Strangers may invent as many names and secrets as they like; those stand in the log alone.
      const logOnly = client === undefined || wait > 0
      const target = `client:${claimed.id}`
      audit.record({ event: 'client.refused', outcome: 'refused', target, caller, detail, logOnly })
      throw wait > 0 && claimed.secret !== undefined ? tooMany(wait) : invalidClient(presented)
    },
  }
}

/** Which client the request says it is, and by which methods it could prove it. */
function claim(presented: PresentedClient): Claimed {
  const { client_id: id, client_secret: secret, client_assertion: assertion } = presented
  const basic = readBasic(presented)
  if (assertion !== undefined) {
    if (basic || secret !== undefined) throw twoMethods()
    if (presented.client_assertion_type !== ASSERTION_TYPE)
      throw new OAuthError('invalid_request', `client_assertion_type must be ${ASSERTION_TYPE}`)
    const subject = subjectOf(assertion)
    if (subject === undefined || (id !== undefined && id !== subject)) throw invalidClient(presented)
    return { id: subject, methods: ['private_key_jwt', 'client_secret_jwt'], assertion }
  }
  if (basic) {
    // Some libraries send the same credentials twice; that is no second opinion.
    if ((id !== undefined && id !== basic.id) || (secret !== undefined && secret !== basic.secret)) throw twoMethods()
    const methods: AuthMethod[] = ['client_secret_basic']
    return {
      id: basic.id,
      methods: secret === undefined ? methods : [...methods, 'client_secret_post'],
      secret: basic.secret,
    }
  }
  if (id === undefined) throw new OAuthError('invalid_client', 'Say which client this is', basicChallenge(presented))
  if (secret !== undefined) return { id, methods: ['client_secret_post'], secret }
  return { id, methods: presented.certificateSubject === undefined ? ['none'] : ['none', 'tls_client_auth'] }
}

/** RFC 6749 section 2.3.1: both halves are form-encoded before they are joined. */
function readBasic(presented: PresentedClient): { readonly id: string; readonly secret: string } | undefined {
  const { authorization } = presented
  if (authorization === undefined || !/^basic\b/i.test(authorization)) return undefined
  if (!BASIC.test(authorization)) throw invalidClient(presented)
  const text = Buffer.from(authorization.slice('basic '.length), 'base64').toString()
  const colon = text.indexOf(':')
  if (colon < 0) return { id: formDecoded(text), secret: '' }
  return { id: formDecoded(text.slice(0, colon)), secret: formDecoded(text.slice(colon + 1)) }
}

function formDecoded(text: string): string {
  if (!/[%+]/.test(text)) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

/** Read before it is verified, only to find the client whose keys verify it. */
function subjectOf(assertion: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString())
    const sub = typeof claims === 'object' && claims !== null && 'sub' in claims ? claims.sub : undefined
    return typeof sub === 'string' && sub.length <= 190 ? sub : undefined
  } catch {
    return undefined
  }
}

function twoMethods(): OAuthError {
  return new OAuthError('invalid_request', 'Use one method of client authentication')
}

function invalidClient(presented: PresentedClient): OAuthError {
  return new OAuthError('invalid_client', 'The client could not be authenticated', basicChallenge(presented))
}

function basicChallenge({ authorization }: PresentedClient) {
  return authorization === undefined ? {} : { headers: { 'www-authenticate': 'Basic realm="leveret"' } }
}
