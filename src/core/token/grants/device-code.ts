/** RFC 8628 section 3.4: what a person allowed on another device. */
import type { Step } from '#plugin'
import type { Client } from '../../clients/records.ts'
import { newId } from '../../identifier.ts'
import { OAuthError } from '../../oauth/oauth-error.ts'
import type { World } from '../../world.ts'
import type { Issuer } from '../issuer.ts'
import type { Authorization } from '../records.ts'
import type { GrantHandler } from './grant.ts'

/** Where device codes are kept. */
export interface DeviceCodes {
  /**
   * What was allowed, and the step that uses the code up. Throws `authorization_pending`, `slow_down`, `access_denied`,
   * `expired_token`, or `invalid_grant` for a code that is not this client's.
   */
  poll(deviceCode: string, client: Client): Promise<{ readonly authorization: Authorization; readonly take: Step }>
}

export function deviceCodeGrant(deps: {
  readonly world: World
  readonly issuer: Issuer
  readonly devices: DeviceCodes
}): GrantHandler {
  const { world, issuer, devices } = deps
  return {
    type: 'urn:ietf:params:oauth:grant-type:device_code',
    async handle({ client, parameters, jkt, caller }) {
      const { authorization, take } = await devices.poll(parameters.need('device_code'), client)
      const issued = await issuer.issue({
        authorization,
        client,
        jkt,
        caller,
        grantId: newId('g', world),
        idToken: { nonce: undefined },
        ...(client.grants.includes('refresh_token') && { refresh: 'new' }),
        guards: () => [take],
      })
      if (!issued.ok) throw new OAuthError('invalid_grant', 'The device code was used before')
      return issued.response
    },
  }
}
