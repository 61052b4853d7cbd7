/** Dynamic registration (RFC 7591) and its management (RFC 7592): clients that register and change themselves. */
import type { Throttle } from '../login/throttle.ts'
import { digestOf, isSameDigest } from '../digest.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import { Problem } from '../problem.ts'
import type { Settings } from '../settings.ts'
import type { Caller, World } from '../world.ts'
import { SECRET_METHODS } from './client-secret.ts'
import type { Clients, MadeBy } from './clients.ts'
import { clientOfMetadata, type Metadata, metadataOf, readMetadata } from './metadata.ts'
import type { Client } from './records.ts'
import type { RegistrationTokens } from './registration-tokens.ts'

/** RFC 7591 section 3.2.1. */
export interface ClientInformation extends Metadata {
  readonly client_id: string
  readonly client_id_issued_at: number
  readonly client_secret?: string
  readonly client_secret_expires_at?: number
  readonly registration_access_token: string
  readonly registration_client_uri: string
}

/** Refuses with an `OAuthError`, or with a `Problem` that the edge translates. */
export interface Registration {
  /** `bearer` is an initial access token, where the settings ask for one. */
  register(body: unknown, bearer: string | undefined, caller: Caller): Promise<ClientInformation>
  /** `bearer` is the registration access token, here and below. */
  read(id: string, bearer: string | undefined): Promise<ClientInformation>
  /** Replaces all metadata. */
  update(
    id: string,
    update: { readonly body: unknown; readonly bearer: string | undefined },
    caller: Caller,
  ): Promise<ClientInformation>
  remove(id: string, bearer: string | undefined, caller: Caller): Promise<void>
}

const BY_ITSELF: MadeBy = { managedBy: 'registration' }
/** A name for the throttle that no user can have. */
const ATTEMPTS = 'registration\n'

export function createRegistration(deps: {
  readonly world: World
  readonly settings: () => Settings
  readonly throttle: Throttle
  readonly clients: Clients
  readonly registrationTokens: RegistrationTokens
}): Registration {
  const { world, settings, throttle, clients, registrationTokens } = deps

  function refuseIfOff(): void {
    if (settings().oauth.registration === 'off')
      throw new OAuthError('access_denied', 'Clients cannot register themselves here', { status: 403 })
  }

  /** Nobody learns whether there is such a client. */
  async function own(
    id: string,
    bearer: string | undefined,
  ): Promise<{ readonly client: Client; readonly token: string }> {
    refuseIfOff()
    const client = await clients.get(id)
    const digest = digestOf(bearer ?? '')
    if (bearer === undefined || !client || !isSameDigest(client.registrationDigest ?? '', digest)) throw unknownToken()
    return { client, token: bearer }
  }

  function information(client: Client, token: string, secret?: string): ClientInformation {
    return {
      ...metadataOf(client),
      client_id_issued_at: Math.floor(client.createdAt / 1000),
      ...(secret !== undefined && { client_secret: secret }),
      ...(SECRET_METHODS.has(client.authMethod) && { client_secret_expires_at: 0 }),
      registration_access_token: token,
      registration_client_uri: `${settings().issuer}/auth/oauth/register/${encodeURIComponent(client.id)}`,
    }
  }

  /** In open registration every client counts, so that one network cannot fill the storage. */
  async function admit(bearer: string | undefined, caller: Caller) {
    if (settings().oauth.registration === 'open' && bearer === undefined) {
      await using _attempt = await throttle.reserve({ username: ATTEMPTS, ip: caller.ip })
      return undefined
    }
    const spend = async () => {
      const steps = bearer === undefined ? undefined : await registrationTokens.spend(bearer)
      if (!steps) throw unknownToken()
      return steps
    }
    await spend()
    return spend
  }

  return {
    async register(body, bearer, caller) {
      refuseIfOff()
      const along = await admit(bearer, caller)
      const input = clientOfMetadata(readMetadata(body))
      const token = Buffer.from(world.random(32)).toString('base64url')
      const by = along ? { along } : { open: true }
      const made = { managedBy: 'registration', registrationDigest: digestOf(token), ...by } as const
      const { client, secret } = await inItsWords(() => clients.create(input, caller, made))
      return information(client, token, secret)
    },
    async read(id, bearer) {
      const { client, token } = await own(id, bearer)
      return information(client, token)
    },
    async update(id, { body, bearer }, caller) {
      const { client, token } = await own(id, bearer)
      refuseOthers(body, client)
      const input = clientOfMetadata(readMetadata(body), client)
      const changed = await inItsWords(() => clients.update(id, input, caller, BY_ITSELF))
      const needsSecret = SECRET_METHODS.has(changed.authMethod) && changed.authMethod !== client.authMethod
      if (!needsSecret) return information(changed, token)
      const { client: renewed, secret } = await clients.rotateSecret(id, { overlap: 0 }, caller)
      return information(renewed, token, secret)
    },
    async remove(id, bearer, caller) {
      await own(id, bearer)
      await clients.delete(id, caller)
    },
  }
}

/** RFC 7592 section 2.2: the client names itself, and nothing that only the server says. */
function refuseOthers(body: unknown, client: Client): void {
  const given: Readonly<Record<string, unknown>> = typeof body === 'object' && body !== null ? { ...body } : {}
  if (given['client_id'] !== client.id) throw new OAuthError('invalid_client_metadata', 'client_id: name this client')
  for (const member of ISSUED)
    if (member in given) throw new OAuthError('invalid_client_metadata', `${member}: leave it out`)
  const secret = given['client_secret']
  const known =
    typeof secret === 'string' && client.secrets.some(({ digest }) => isSameDigest(digest, digestOf(secret)))
  if (secret !== undefined && !known)
    throw new OAuthError('invalid_client_metadata', 'client_secret: this is another one')
}

const ISSUED = [
  'registration_access_token',
  'registration_client_uri',
  'client_secret_expires_at',
  'client_id_issued_at',
] as const

function unknownToken(): OAuthError {
  const headers = { 'www-authenticate': 'Bearer error="invalid_token"' }
  return new OAuthError('invalid_token', 'Send a token for registration that is valid', { headers })
}

/** Faults of the domain in the words of RFC 7591. */
async function inItsWords<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (cause) {
    if (!(cause instanceof Problem) || cause.faults === undefined) throw cause
    const redirect = cause.faults.some(({ path }) => path.startsWith('/redirectUris'))
    const description = cause.faults.map(({ path, message }) => `${snakeCase(path)}: ${message}`).join('; ')
    throw new OAuthError(redirect ? 'invalid_redirect_uri' : 'invalid_client_metadata', description, { cause })
  }
}

function snakeCase(path: string): string {
  return path.slice(1).replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
