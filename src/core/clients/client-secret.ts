/** Client secrets: random, shown once, kept as digests; two of one client may be valid while it rotates. */
import { timingSafeEqual } from 'node:crypto'
import { digestOf } from '../digest.ts'
import type { Sealer } from '../keys/sealing.ts'
import type { World } from '../world.ts'
import type { Client, ClientSecret } from './records.ts'

/** Methods that prove knowledge of a secret we gave. */
export const SECRET_METHODS: ReadonlySet<string> = new Set([
  'client_secret_basic',
  'client_secret_post',
  'client_secret_jwt',
])

const PLACE = { purpose: 'client-secret', collection: 'client' } as const

export interface MadeSecret {
  readonly text: string
  readonly kept: ClientSecret
}

/** `text` is the secret itself: 32 random bytes unless one is given. */
export function makeSecret(
  { world, sealer }: { readonly world: World; readonly sealer: Sealer },
  client: Pick<Client, 'id' | 'authMethod'>,
  given?: string,
): MadeSecret {
  const text = given ?? Buffer.from(world.random(32)).toString('base64url')
  const sealed = client.authMethod === 'client_secret_jwt' ? sealer.seal(text, { ...PLACE, key: client.id }) : null
  return { text, kept: { digest: digestOf(text), sealed, createdAt: world.now(), expiresAt: null } }
}

/** Secrets that still count. */
export function livingSecrets(client: Client, now: number): readonly ClientSecret[] {
  return client.secrets.filter(({ expiresAt }) => expiresAt === null || expiresAt > now)
}

/** Every secret is compared, in constant time. */
export function isSecretOf(client: Client, presented: string, now: number): boolean {
  const shown = Buffer.from(digestOf(presented))
  let known = false
  for (const { digest } of livingSecrets(client, now)) {
    if (timingSafeEqual(Buffer.from(digest), shown)) known = true
  }
  return known
}

/** The secrets themselves, of a client that signs with them. */
export function sharedSecretsOf(client: Client, sealer: Sealer, now: number): readonly string[] {
  return livingSecrets(client, now).flatMap(({ sealed }) =>
    sealed === null ? [] : [sealer.open(sealed, { ...PLACE, key: client.id })],
  )
}
