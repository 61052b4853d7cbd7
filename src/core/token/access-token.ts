/** Access tokens: RFC 9068 JWTs or opaque ones, for this server, for resources, or for one vhost of a broker. */
import { insert, type Step } from '#plugin'
import type { Audit } from '../audit/audit.ts'
import type { Client } from '../clients/records.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import { type BrokerTokenDeps, createBrokerTokens } from '../rabbitmq/broker-tokens.ts'
import type { Brokers, RuleSubject } from '../rabbitmq/rules.ts'
import type { Settings } from '../settings.ts'
import type { Subject } from '../users/users.ts'
import type { Caller, World } from '../world.ts'
import { type Authorization, opaqueTokens } from './records.ts'
import { scopesOfBroker } from './target.ts'
import { newToken, sha256 } from './token-text.ts'

/** `typ` of the header (RFC 9068 section 2.1). */
export const ACCESS_TOKEN_TYPE = 'at+jwt'
/** Beginning of an opaque token, so that secret scanners know it. */
export const OPAQUE_PREFIX = 'lva_'

export interface AccessTokenInput {
  readonly authorization: Authorization
  readonly client: Client
  /** The person as of now; `undefined` for a client on its own behalf. */
  readonly subject: Subject | undefined
  /** `null` where nothing is stored. */
  readonly grantId: string | null
  /** Thumbprint of the key it is bound to. */
  readonly jkt: string | undefined
  /** RFC 8693 section 4.1. */
  readonly act?: Readonly<Record<string, unknown>> | undefined
  /** Epoch milliseconds that it does not outlive. */
  readonly notAfter?: number | undefined
  readonly caller: Caller
}
export interface AccessToken {
  readonly text: string
  /** Epoch milliseconds. */
  readonly expiresAt: number
  /** What it allows, in its own words. */
  readonly scope: string
  /** What has to be stored for it to work. */
  readonly steps: readonly Step[]
}

export interface AccessTokens {
  make(input: AccessTokenInput): Promise<AccessToken>
}

export interface AccessTokenDeps extends BrokerTokenDeps {
  readonly world: World
  readonly settings: () => Settings
  readonly audit: Pick<Audit, 'record'>
  readonly keys: KeyRing
  readonly brokers: Brokers
}

export function createAccessTokens(deps: AccessTokenDeps): AccessTokens {
  const { world, settings, audit, keys, brokers } = deps
  const brokerTokens = createBrokerTokens(deps)

  async function forBroker(name: string, input: AccessTokenInput): Promise<AccessToken> {
    const { authorization, client, subject, jkt, act, notAfter, caller, grantId } = input
    const broker = await brokers.get(name)
    if (!broker) throw new OAuthError('invalid_target', 'The broker was removed')
    const request = {
      subject: ruleSubject(client, subject),
      vhost: authorization.vhost ?? settings().session.defaultVhost,
      broker,
      caller,
      requested: scopesOfBroker(authorization.scopes, broker),
    }
    const { token, claims } = await brokerTokens.issue(request, {
      ...(notAfter !== undefined && { notAfter }),
      detail: { client: client.id, ...(grantId !== null && { grant: grantId }) },
      logOnly: grantId === null,
      claims: { ...confirmation(jkt), ...(act && { act }) },
    })
    return { text: token, expiresAt: claims.exp * 1000, scope: claims.scope, steps: [] }
  }

  /** A token for one resource is as that resource wants it; for several, as the client does. */
  function specialFor([resource, ...others]: readonly string[]) {
    if (resource === undefined || others.length > 0) return undefined
    return settings().oauth.resources.find(({ id }) => id === resource)
  }

  function claimsFor(input: AccessTokenInput) {
    const { authorization, client, subject, grantId, jkt, act, notAfter } = input
    const { issuer, oauth } = settings()
    const now = world.now()
    const { authTime, acr, amr, resources, scopes, authorizationDetails } = authorization
    const ttl = specialFor(resources)?.accessTokenTtl ?? client.accessTokenTtl ?? oauth.accessTokenTtl
    const end = Math.min(now + ttl, notAfter ?? Number.POSITIVE_INFINITY)
    const iat = Math.floor(now / 1000)
    return {
      iss: issuer,
      sub: subject?.user.id ?? client.id,
      aud: audience(resources, issuer),
      iat,
      exp: Math.max(iat + 1, Math.floor(end / 1000)),
      jti: Buffer.from(world.random(16)).toString('base64url'),
      client_id: client.id,
      scope: scopes.join(' '),
      ...(authTime !== null && { auth_time: Math.floor(authTime / 1000) }),
      ...(acr !== null && { acr }),
      ...(amr.length > 0 && { amr }),
      ...(grantId !== null && { grant_id: grantId }),
      ...(authorizationDetails.length > 0 && { authorization_details: authorizationDetails }),
      ...personal(input),
      ...confirmation(jkt),
      ...(act && { act }),
    }
  }

  /** RFC 9068 section 2.2.3.1: what a resource decides by, where the scope asks for it. */
  function personal({ authorization, subject, client }: AccessTokenInput) {
    if (!authorization.scopes.includes('groups')) return {}
    return { groups: subject?.groups ?? client.groups, roles: subject?.roles ?? client.roles }
  }

  async function forResources(input: AccessTokenInput): Promise<AccessToken> {
    const { client, subject, grantId, caller } = input
    const claims = claimsFor(input)
    const expiresAt = claims.exp * 1000
    const target = subject ? `user:${subject.user.username}` : `client:${client.id}`
    const detail = { kind: 'access', jti: claims.jti, client: client.id, scope: claims.scope, grant: grantId }
    const format = specialFor(input.authorization.resources)?.accessTokenFormat ?? client.accessTokenFormat
    const stored = format === 'opaque'
    audit.record({ event: 'token.issued', outcome: 'ok', target, caller, detail, logOnly: grantId === null && !stored })
    if (!stored) {
      const text = await keys.sign(claims, { algorithm: 'ES256', typ: ACCESS_TOKEN_TYPE })
      return { text, expiresAt, scope: claims.scope, steps: [] }
    }
    const text = newToken(OPAQUE_PREFIX, world)
    const row = { digest: sha256(text), grantId, claims, expiresAt }
    return { text, expiresAt, scope: claims.scope, steps: [insert(opaqueTokens, row)] }
  }

  return {
    make: (input) =>
      input.authorization.broker === null ? forResources(input) : forBroker(input.authorization.broker, input),
  }
}

/** Who the rules are asked about: the person, or the client for itself. */
function ruleSubject(client: Client, subject: Subject | undefined): RuleSubject {
  if (!subject) return { kind: 'client', name: client.id, groups: client.groups, roles: client.roles }
  return { kind: 'user', name: subject.user.username, groups: subject.groups, roles: subject.roles }
}

function confirmation(jkt: string | undefined) {
  return jkt === undefined ? {} : { cnf: { jkt } }
}

/** One audience is a string, as most resource servers expect. */
function audience(resources: readonly string[], issuer: string): string | string[] {
  const [first = issuer, ...others] = resources
  return others.length === 0 ? first : [first, ...others]
}
