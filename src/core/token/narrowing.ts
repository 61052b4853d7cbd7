/** Less than what was allowed: a part of the scopes, one of the resources. Never more. */
import { OAuthError } from '../oauth/oauth-error.ts'
import { type Parameters, words } from '../oauth/parameters.ts'
import type { Authorization } from './records.ts'
import type { Targets } from './target.ts'

/** RFC 8707 section 2.2: a token for some of the resources of the grant. */
export async function narrowResources(
  authorization: Authorization,
  parameters: Parameters,
  targets: Targets,
): Promise<Authorization> {
  const asked = [...new Set([...parameters.all('resource'), ...parameters.all('audience')])]
  if (asked.length === 0) return authorization
  if (authorization.broker !== null) {
    const brokers = await Promise.all(asked.map((name) => targets.brokerNamed(name)))
    if (brokers.every((broker) => broker?.name === authorization.broker)) return authorization
  }
  if (asked.every((name) => authorization.resources.includes(name))) return { ...authorization, resources: asked }
  throw new OAuthError('invalid_target', 'The grant is not for this resource')
}

/** RFC 6749 section 6: the scope of a refreshed token lies within that of the grant. */
export function narrowScopes(authorization: Authorization, parameters: Parameters): Authorization {
  const asked = words(parameters.get('scope')).filter((scope) => scope !== `vhost:${authorization.vhost ?? ''}`)
  if (asked.length === 0) return authorization
  const beyond = asked.find((scope) => !authorization.scopes.includes(scope))
  if (beyond === undefined) return { ...authorization, scopes: [...asked] }
  throw new OAuthError('invalid_scope', `The grant does not hold the scope ${beyond.slice(0, 100)}`)
}
