/** RFC 7523 section 2.1: an issuer that the configuration trusts says who somebody is. */
import { type JWTPayload, jwtVerify } from 'jose'
import { insert, type Storage } from '#plugin'
import { ASYMMETRIC_ALGS } from '../../clients/client-input.ts'
import { type ClientKeysDeps, createClientKeys } from '../../clients/client-keys.ts'
import { newId } from '../../identifier.ts'
import { OAuthError } from '../../oauth/oauth-error.ts'
import type { Settings } from '../../settings.ts'
import { canLogIn } from '../../users/find-users.ts'
import { comparisonKey } from '../../users/names.ts'
import type { User } from '../../users/records.ts'
import type { Users } from '../../users/users.ts'
import type { Issuer } from '../issuer.ts'
import { shownOnce } from '../records.ts'
import type { Targets } from '../target.ts'
import { sha256 } from '../token-text.ts'
import { userAuthorization } from './authorizations.ts'
import type { GrantHandler } from './grant.ts'

export interface JwtBearerDeps extends ClientKeysDeps {
  readonly storage: Storage
  readonly settings: () => Settings
  readonly users: Users
  readonly issuer: Issuer
  readonly targets: Targets
}

const SKEW = 30
const LONGEST = 3_600

export function jwtBearerGrant(deps: JwtBearerDeps): GrantHandler {
  const { storage, world, settings, users, issuer, targets } = deps
  const keys = createClientKeys(deps)

  async function verified(assertion: string): Promise<JWTPayload> {
    const iss = issuerIn(assertion)
    const trusted = settings().oauth.trustedIssuers.find((each) => each.issuer === iss)
    if (!trusted) throw new Error('the issuer is not among trustedIssuers')
    const own = settings().issuer
    const key = await keys.of({ id: trusted.issuer, jwks: null, jwksUri: trusted.jwksUri })
    const { payload } = await jwtVerify(assertion, key, {
      algorithms: [...ASYMMETRIC_ALGS],
      issuer: trusted.issuer,
      audience: [own, `${own}/auth/oauth/token`],
      clockTolerance: SKEW,
      currentDate: new Date(world.now()),
    })
    return payload
  }

  async function once({ iss, jti, exp }: JWTPayload): Promise<void> {
    const now = Math.floor(world.now() / 1000)
    if (exp === undefined || exp > now + LONGEST) throw new Error('it expires too late or never')
    if (jti === undefined || jti === '' || jti.length > 512) throw new Error('it has no usable jti')
    const row = { digest: sha256(JSON.stringify(['jwt-bearer', iss, jti])), expiresAt: (exp + SKEW + 1) * 1000 }
    if (!(await storage.commit([insert(shownOnce, row)])).ok) throw new Error('it was shown before')
  }

  async function subjectOf(assertion: string): Promise<User> {
    try {
      const claims = await verified(assertion)
      await once(claims)
      const user = claims.sub === undefined ? undefined : await users.get(claims.sub)
      // By user name alone: a mail address may have had another owner.
      const named = user !== undefined && comparisonKey(claims.sub ?? '') === user.usernameKey
      if (!user || !named || !canLogIn(user)) throw new Error('there is no such user, or the user may not log in')
      return user
    } catch (cause) {
      throw new OAuthError('invalid_grant', 'The assertion is not accepted', { cause })
    }
  }

  return {
    type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    async handle({ client, parameters, jkt, caller }) {
      const target = await targets.read(parameters, client)
      const user = await subjectOf(parameters.need('assertion'))
      const proven = { user, amr: [], authTime: world.now() }
      const authorization = { ...userAuthorization(client, proven, target), authTime: null, acr: null }
      const issued = await issuer.issue({ authorization, client, jkt, caller, grantId: newId('g', world) })
      if (!issued.ok) throw new OAuthError('invalid_grant', 'The user may no longer log in')
      return issued.response
    },
  }
}

function issuerIn(assertion: string): unknown {
  const claims: unknown = JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString())
  return typeof claims === 'object' && claims !== null && 'iss' in claims ? claims.iss : undefined
}
