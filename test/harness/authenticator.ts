/** A passkey in software, for tests: makes credentials and signs challenges as a browser with an authenticator would. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

export interface Behaviour {
  readonly origin: string
  readonly rpId: string
  /** Whether the person was checked. */
  readonly userVerified?: boolean
  /** What the authenticator says its counter is; grows by one with each use unless told. */
  readonly counter?: number
  /** Synchronised between devices. */
  readonly synced?: boolean
  /** Certificates beside the signature: what we never ask for. */
  readonly certificates?: readonly Uint8Array[]
}

export interface SoftwarePasskey {
  readonly id: string
  create(options: { readonly challenge: string }, behaviour: Behaviour): object
  get(options: { readonly challenge: string }, behaviour: Behaviour): object
}

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
const sha256 = (data: Uint8Array | string) => createHash('sha256').update(data).digest()

export function createSoftwarePasskey(): SoftwarePasskey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const id = crypto.getRandomValues(new Uint8Array(32))
  let used = 0
  const common = { id: base64url(id), rawId: base64url(id), type: 'public-key', clientExtensionResults: {} }
  return {
    id: base64url(id),
    create({ challenge }, behaviour) {
      const clientDataJSON = clientData('webauthn.create', challenge, behaviour)
      const credential = Buffer.concat([new Uint8Array(16), Buffer.from([0, id.length]), id, coseKey(publicKey)])
      const authData = Buffer.concat([head(behaviour, 0, 0x40), credential])
      const statement = behaviour.certificates
        ? map(['alg', -7], ['sig', signature(privateKey, authData, clientDataJSON)], ['x5c', behaviour.certificates])
        : map()
      const attestationObject = cbor(
        map(['fmt', behaviour.certificates ? 'packed' : 'none'], ['attStmt', statement], ['authData', authData]),
      )
      const response = {
        clientDataJSON: base64url(clientDataJSON),
        attestationObject: base64url(attestationObject),
        transports: ['internal'],
      }
      return { ...common, response }
    },
    get({ challenge }, behaviour) {
      used += 1
      const clientDataJSON = clientData('webauthn.get', challenge, behaviour)
      const authenticatorData = head(behaviour, behaviour.counter ?? used, 0)
      const response = {
        clientDataJSON: base64url(clientDataJSON),
        authenticatorData: base64url(authenticatorData),
        signature: base64url(signature(privateKey, authenticatorData, clientDataJSON)),
      }
      return { ...common, response }
    },
  }
}

function clientData(type: string, challenge: string, { origin }: Behaviour): Buffer {
  return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }))
}

/** Hash of the relying party, flags (present, verified, eligible for and in a backup), counter. */
function head({ rpId, userVerified = true, synced = false }: Behaviour, counter: number, more: number): Buffer {
  const flags = 0x01 | (userVerified ? 0x04 : 0) | (synced ? 0x18 : 0) | more
  const count = Buffer.alloc(4)
  count.writeUInt32BE(counter)
  return Buffer.concat([sha256(rpId), Buffer.from([flags]), count])
}

function signature(key: KeyObject, authenticatorData: Uint8Array, clientDataJSON: Uint8Array): Buffer {
  return sign('sha256', Buffer.concat([authenticatorData, sha256(clientDataJSON)]), key)
}

function coseKey(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' })
  const [left, right] = [Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]
  return cbor(map([1, 2], [3, -7], [-1, 1], [-2, left], [-3, right]))
}

type Cbor = number | string | Uint8Array | readonly Cbor[] | ReadonlyMap<number | string, Cbor>

function map(...entries: readonly (readonly [number | string, Cbor])[]): ReadonlyMap<number | string, Cbor> {
  return new Map(entries)
}

/** As much of RFC 8949 as an attestation needs. */
function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value >= 0 ? header(0, value) : header(1, -1 - value)
  if (typeof value === 'string') return Buffer.concat([header(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (value instanceof Uint8Array) return Buffer.concat([header(2, value.length), value])
  if (value instanceof Map)
    return Buffer.concat([header(5, value.size), ...[...value].flatMap(([key, inner]) => [cbor(key), cbor(inner)])])
  const items = value as readonly Cbor[]
  return Buffer.concat([header(4, items.length), ...items.map(cbor)])
}

function header(major: number, length: number): Buffer {
  if (length < 24) return Buffer.from([(major << 5) | length])
  if (length < 256) return Buffer.from([(major << 5) | 24, length])
  return Buffer.from([(major << 5) | 25, length >> 8, length & 0xff])
}
