/** Public keys of clients: given with the client, or fetched from its `jwks_uri` and kept for a while. */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import type { Outbound } from '../outbound.ts'
import { createRecent } from '../memory/recent.ts'
import type { World } from '../world.ts'
import type { Client } from './records.ts'

export interface ClientKeysDeps {
  readonly world: World
  readonly outbound: Outbound
}
export interface ClientKeys {
  /** For `jose` to verify with. A `kid` that is not there makes it look again, at most every half minute. */
  of(client: Pick<Client, 'id' | 'jwks' | 'jwksUri'>): Promise<JWTVerifyGetKey>
}

const REMEMBERED = 1_000
const KEEP = 10 * 60_000
const LOOK_AGAIN = 30_000

interface Fetched {
  readonly keys: JWTVerifyGetKey
  readonly at: number
}

export function createClientKeys({ world, outbound }: ClientKeysDeps): ClientKeys {
  const remote = createRecent<Fetched>(REMEMBERED)

  async function load(uri: string): Promise<Fetched> {
    const { status, body } = await outbound.get(uri, 'application/jwk-set+json, application/json')
    if (status !== 200) throw new Error(`the key set answers ${status}`)
    const fetched = { keys: createLocalJWKSet(parse(body)), at: world.now() }
    remote.set(uri, fetched)
    return fetched
  }

  function remoteKeys(uri: string): JWTVerifyGetKey {
    return async (header, token) => {
      const known = remote.get(uri)
      const current = known && world.now() - known.at < KEEP ? known : await load(uri)
      try {
        return await current.keys(header, token)
      } catch (error) {
        const mayBeNew = error instanceof errors.JWKSNoMatchingKey && world.now() - current.at >= LOOK_AGAIN
        if (!mayBeNew) throw error
        return await (await load(uri)).keys(header, token)
      }
    }
  }

  return {
    async of({ jwks, jwksUri }) {
      if (jwksUri !== null) return remoteKeys(jwksUri)
      if (jwks !== null) return createLocalJWKSet(jwks as unknown as JSONWebKeySet)
      throw new Error('the client has no keys')
    },
  }
}

function parse(body: string): JSONWebKeySet {
  const set: unknown = JSON.parse(body)
  if (typeof set !== 'object' || set === null || !('keys' in set) || !Array.isArray(set.keys))
    throw new Error('the key set is no JWK Set')
  return { keys: set.keys }
}
