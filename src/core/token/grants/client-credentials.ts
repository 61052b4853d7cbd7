/** RFC 6749 section 4.4: a confidential client for itself, a subject with rules of its own. Writes nothing for a JWT. */
import { OAuthError } from '../../oauth/oauth-error.ts'
import type { Issuer } from '../issuer.ts'
import { IDENTITY_SCOPES, type Targets } from '../target.ts'
import { clientAuthorization } from './authorizations.ts'
import type { GrantHandler } from './grant.ts'

export function clientCredentialsGrant(deps: { readonly issuer: Issuer; readonly targets: Targets }): GrantHandler {
  return {
    type: 'client_credentials',
    async handle({ client, parameters, jkt, caller }) {
      if (!client.confidential) throw new OAuthError('unauthorized_client', 'This grant is for confidential clients')
      const target = await deps.targets.read(parameters, client)
      const personal = target.scopes.find((scope) => IDENTITY_SCOPES.has(scope) && scope !== 'groups')
      if (personal !== undefined)
        throw new OAuthError('invalid_scope', `The scope ${personal} is about a person, and this grant has none`)
      const named = parameters.get('scope') !== undefined || target.broker !== null
      const scopes = named ? target.scopes : client.scopes.filter((scope) => !IDENTITY_SCOPES.has(scope))
      const authorization = clientAuthorization(client, { ...target, scopes })
      const issued = await deps.issuer.issue({ authorization, client, jkt, caller })
      if (!issued.ok) throw new OAuthError('temporarily_unavailable', 'Try again', { retryAfter: 1 })
      return issued.response
    },
  }
}
