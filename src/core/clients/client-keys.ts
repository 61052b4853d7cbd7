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

/** One look at a `jwks_uri`, its failure included: whoever comes meanwhile or soon after gets the same. */
interface Look {
  readonly keys: Promise<JWTVerifyGetKey>
  readonly at: number
  failed: boolean
}

export function createClientKeys({ world, outbound }: ClientKeysDeps): ClientKeys {
  const looks = createRecent<Look>(REMEMBERED)
  /** `jose` imports a key at its first use and keeps it with the set, so the set is kept for as long as the client is. */
  const sets = new WeakMap<object, JWTVerifyGetKey>()

  async function load(uri: string): Promise<JWTVerifyGetKey> {
    const { status, body } = await outbound.get(uri, 'application/jwk-set+json, application/json')
    if (status !== 200) throw new Error(`the key set answers ${status}`)
    return createLocalJWKSet(parse(body))
  }

  function look(uri: string): Look {
    const made: Look = { keys: load(uri), at: world.now(), failed: false }
    made.keys.catch(() => {
      made.failed = true
    })
    looks.set(uri, made)
    return made
  }

  function remoteKeys(uri: string): JWTVerifyGetKey {
    return async (header, token) => {
      const known = looks.get(uri)
      const age = known ? world.now() - known.at : Infinity
      const current = known && age < (known.failed ? LOOK_AGAIN : KEEP) ? known : look(uri)
      try {
        return await (await current.keys)(header, token)
      } catch (error) {
        const mayBeNew = error instanceof errors.JWKSNoMatchingKey && world.now() - current.at >= LOOK_AGAIN
        if (!mayBeNew) throw error
        return await (await look(uri).keys)(header, token)
      }
    }
  }

  return {
    async of({ jwks, jwksUri }) {
      if (jwksUri !== null) return remoteKeys(jwksUri)
      if (jwks === null) throw new Error('the client has no keys')
      const known = sets.get(jwks) ?? createLocalJWKSet(jwks as unknown as JSONWebKeySet)
      sets.set(jwks, known)
      return known
    },
  }
}

function parse(body: string): JSONWebKeySet {
  const set: unknown = JSON.parse(body)
  if (typeof set !== 'object' || set === null || !('keys' in set) || !Array.isArray(set.keys))
    throw new Error('the key set is no JWK Set')
  return { keys: set.keys }
}
