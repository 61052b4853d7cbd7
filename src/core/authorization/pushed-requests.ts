/** Pushed authorization requests (RFC 9126): kept here, so that nothing of them is seen by the browser or altered there. */
import { insert, type Storage } from '#plugin'
import type { Client } from '../clients/records.ts'
import { digestOf } from '../digest.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import { type Parameters, readParameters } from '../oauth/parameters.ts'
import type { Settings } from '../settings.ts'
import { repository } from '../storage/repository.ts'
import { newToken } from '../token/token-text.ts'
import type { World } from '../world.ts'
import { INTERACTION_LIFE, pushedRequests } from './records.ts'

export interface PushedRequests {
  keep(
    asked: { readonly client: Client; readonly parameters: Parameters; readonly signed: boolean },
    dpopJkt: string | undefined,
  ): Promise<{ readonly requestUri: string; readonly expiresIn: number }>
  /** Throws `invalid_request_uri`, or `request_uri_not_supported` for one that was not pushed. */
  find(
    requestUri: string,
    client: Client,
  ): Promise<{ readonly digest: string; readonly parameters: Parameters; readonly signed: boolean }>
}

const PREFIX = 'urn:ietf:params:oauth:request_uri:'
/** FAPI 2.0 Security Profile section 5.3.2.2: less than 600 seconds. */
const FAPI_LONGEST = 599_000
/** What authenticated the client is no part of the request. */
const NOT_KEPT: ReadonlySet<string> = new Set(['client_secret', 'client_assertion', 'client_assertion_type', 'request'])

export function createPushedRequests(deps: {
  readonly storage: Storage
  readonly world: World
  readonly settings: () => Settings
}): PushedRequests {
  const { storage, world, settings } = deps
  const stored = repository(storage, pushedRequests)
  return {
    async keep({ client, parameters, signed }, dpopJkt) {
      const now = world.now()
      const { pushedRequestTtl } = settings().oauth
      const life = client.profile === 'fapi2' ? Math.min(pushedRequestTtl, FAPI_LONGEST) : pushedRequestTtl
      const requestUri = newToken(PREFIX, world)
      const row = {
        digest: digestOf(requestUri),
        clientId: client.id,
        parameters: withThumbprint(parameters, dpopJkt).map((pair) => [...pair]),
        signed,
        createdAt: now,
        validUntil: now + life,
        expiresAt: now + life + INTERACTION_LIFE,
      }
      await storage.commit([insert(pushedRequests, row)])
      return { requestUri, expiresIn: Math.floor(life / 1000) }
    },
    async find(requestUri, client) {
      if (!requestUri.startsWith(PREFIX))
        throw new OAuthError('request_uri_not_supported', 'The only request_uri is one that was pushed')
      const digest = digestOf(requestUri)
      const row = await stored.get({ digest })
      if (row?.clientId !== client.id || row.validUntil <= world.now())
        throw new OAuthError('invalid_request_uri', 'The request_uri has expired, was used, or is not for this client')
      const parameters = readParameters(row.parameters.map(([name = '', value = '']) => [name, value]))
      return { digest, parameters, signed: row.signed }
    },
  }
}

/** RFC 9449 section 10.1: a proof at the endpoint says the same as `dpop_jkt`. */
function withThumbprint(parameters: Parameters, jkt: string | undefined): readonly (readonly [string, string])[] {
  const named = parameters.get('dpop_jkt')
  if (jkt !== undefined && named !== undefined && named !== jkt)
    throw new OAuthError('invalid_dpop_proof', 'dpop_jkt is not the key of the DPoP proof')
  const kept = parameters.pairs().filter(([name]) => !NOT_KEPT.has(name) && name !== 'dpop_jkt')
  const bound = jkt ?? named
  return bound === undefined ? kept : [...kept, ['dpop_jkt', bound]]
}
