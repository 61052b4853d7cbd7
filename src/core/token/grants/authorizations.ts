/** Authorizations that a grant makes by itself, without a browser. */
import type { Client } from '../../clients/records.ts'
import { acrOf } from '../../factors/acr.ts'
import type { User } from '../../users/records.ts'
import type { Authorization } from '../records.ts'
import type { Target } from '../target.ts'

const NOBODY = { userId: null, sid: null, claims: null, authTime: null, acr: null, amr: [] }

/** A client on its own behalf. */
export function clientAuthorization(client: Client, target: Target): Authorization {
  return { ...NOBODY, clientId: client.id, ...allowed(target) }
}

/** Somebody who proved to the token endpoint who they are. */
export function userAuthorization(
  client: Client,
  login: { readonly user: User; readonly amr: readonly string[]; readonly authTime: number },
  target: Target,
): Authorization {
  const { user, amr, authTime } = login
  return {
    ...NOBODY,
    clientId: client.id,
    userId: user.id,
    authTime,
    amr: [...amr],
    acr: acrOf(amr),
    ...allowed(target),
  }
}

function allowed({ scopes, resources, broker, vhost, authorizationDetails }: Target) {
  return {
    scopes: [...scopes],
    resources: [...resources],
    broker,
    vhost,
    authorizationDetails: [...authorizationDetails],
  }
}
