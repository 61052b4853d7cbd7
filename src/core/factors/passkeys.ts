/** Passkeys (WebAuthn), as a second factor and as the only one. */
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server'
import { insert, type Storage, take, update } from '#plugin'
import { Problem } from '../problem.ts'
import type { Settings } from '../settings.ts'
import { repository } from '../storage/repository.ts'
import type { User } from '../users/records.ts'
import type { World } from '../world.ts'
import { digestOf } from '../digest.ts'
import { noteFactors } from './on-record.ts'
import { type Passkey, passkeyChallenges, passkeys } from './records.ts'
import { challengeIn, isAuthentication, isPlainAttestation, isRegistration } from './webauthn-shapes.ts'

/** What a passkey proved. */
export interface Assertion {
  readonly passkey: Passkey
  /** RFC 8176, without `mfa`. */
  readonly amr: readonly string[]
  /** The authenticator checked the person: PIN, finger, face. */
  readonly userVerified: boolean
}

export interface Passkeys {
  list(userId: string): Promise<readonly Passkey[]>
  /** Whether it was made for the present relying party id. */
  readonly isUsable: (passkey: Passkey) => boolean
  creationOptions(user: User): Promise<PublicKeyCredentialCreationOptionsJSON>
  /** `undefined` for an answer that does not prove a new passkey. */
  add(user: User, response: unknown, name: string): Promise<Passkey | undefined>
  /** For this user's passkeys, or for whichever says who it is. */
  requestOptions(userId: string | undefined): Promise<PublicKeyCredentialRequestOptionsJSON>
  /** `undefined` for an answer that proves nothing. With a user only theirs; without, the person must be verified. */
  assert(userId: string | undefined, response: unknown): Promise<Assertion | undefined>
  remove(userId: string, digest: string): Promise<boolean>
}

const MOST = 20
const TTL = 5 * 60_000
const KNOWN_TRANSPORTS: readonly string[] = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb']

type Purpose = 'create' | 'second' | 'first'

/** The library's certificate parts need the polyfill first; nobody who has no passkey pays for loading it. */
async function webauthn() {
  await import('reflect-metadata')
  return import('@simplewebauthn/server')
}

export function createPasskeys(deps: {
  readonly storage: Storage
  readonly world: World
  readonly settings: () => Settings
}): Passkeys {
  const { storage, world, settings } = deps
  const records = repository(storage, passkeys)
  const challenges = repository(storage, passkeyChallenges)
  const rpId = () => settings().factors.rpId
  const expected = (challenge: string) => ({
    expectedChallenge: challenge,
    expectedOrigin: new URL(settings().issuer).origin,
    expectedRPID: rpId(),
  })

  async function list(userId: string): Promise<readonly Passkey[]> {
    return (await records.find({ by: ['userId', 'createdAt'], equals: { userId }, limit: 100 })).rows
  }

  const isUsable = (passkey: Passkey) => passkey.rpId === rpId()

  async function newChallenge(purpose: Purpose, userId: string | null): Promise<Uint8Array<ArrayBuffer>> {
    const challenge = new Uint8Array(world.random(32))
    const digest = digestOf(Buffer.from(challenge).toString('base64url'))
    await storage.commit([insert(passkeyChallenges, { digest, purpose, userId, expiresAt: world.now() + TTL })])
    return challenge
  }

  /** The challenge that was signed, if it is one of ours for this and was not used before. */
  async function spend(
    purpose: Purpose,
    userId: string | null,
    challenge: string | undefined,
  ): Promise<string | undefined> {
    if (challenge === undefined) return undefined
    const digest = digestOf(challenge)
    const row = await challenges.get({ digest })
    if (!row || row.expiresAt <= world.now()) return undefined
    const { ok } = await storage.commit([take(passkeyChallenges, { digest }, { purpose, userId })])
    return ok ? challenge : undefined
  }

  /** The counter moves on if the authenticator has one; of parallel uses of one answer the challenge decided before. */
  async function count(passkey: Passkey, newCounter: number): Promise<boolean> {
    const change = { set: { counter: newCounter, lastUsedAt: world.now() }, when: { counter: passkey.counter } }
    return (await storage.commit([update(passkeys, { digest: passkey.digest }, change)])).ok
  }

  /** What the library says; an answer that it cannot read proves nothing. */
  async function verified<T extends { readonly verified: boolean }>(check: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await check()
      return result.verified ? result : undefined
    } catch (error) {
      world.log.debug('a passkey was refused', { reason: String(error) })
      return undefined
    }
  }

  return {
    list,
    isUsable,
    async creationOptions(user) {
      const known = await list(user.id)
      if (known.length >= MOST) throw new Problem('conflict', `There are ${MOST} passkeys already; remove one first`)
      const { generateRegistrationOptions } = await webauthn()
      return generateRegistrationOptions({
        rpName: rpId(),
        rpID: rpId(),
        userName: user.username,
        userDisplayName: user.displayName ?? user.username,
        userID: new TextEncoder().encode(user.id),
        challenge: await newChallenge('create', user.id),
        timeout: TTL,
        attestationType: 'none',
        excludeCredentials: known.map(({ credentialId: id, transports }) => ({ id, transports })),
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
      })
    },
    async add(user, response, name) {
      if (!isRegistration(response)) return undefined
      const challenge = await spend('create', user.id, challengeIn(response))
      if (challenge === undefined || !(await isPlainAttestation(response))) return undefined
      const { verifyRegistrationResponse } = await webauthn()
      const result = await verified(() =>
        verifyRegistrationResponse({
          ...expected(challenge),
          response: response as RegistrationResponseJSON,
          requireUserVerification: false,
        }),
      )
      if (!result?.registrationInfo) return undefined
      const { credential, credentialBackedUp, credentialDeviceType } = result.registrationInfo
      const row: Passkey = {
        digest: digestOf(credential.id),
        credentialId: credential.id,
        userId: user.id,
        name,
        publicKey: Buffer.from(credential.publicKey).toString('base64url'),
        counter: credential.counter,
        transports: (credential.transports ?? []).filter((transport) => KNOWN_TRANSPORTS.includes(transport)),
        synced: credentialBackedUp || credentialDeviceType === 'multiDevice',
        rpId: rpId(),
        createdAt: world.now(),
        lastUsedAt: null,
      }
      return (await storage.commit([insert(passkeys, row), noteFactors(user.id)])).ok ? row : undefined
    },
    async requestOptions(userId) {
      const known = userId === undefined ? [] : (await list(userId)).filter(isUsable)
      const challenge = await newChallenge(userId === undefined ? 'first' : 'second', userId ?? null)
      const { generateAuthenticationOptions } = await webauthn()
      return generateAuthenticationOptions({
        rpID: rpId(),
        challenge,
        timeout: TTL,
        allowCredentials: known.map(({ credentialId: id, transports }) => ({ id, transports })),
        userVerification: userId === undefined ? 'required' : 'preferred',
      })
    },
    async assert(userId, response) {
      if (!isAuthentication(response)) return undefined
      const challenge = await spend(userId === undefined ? 'first' : 'second', userId ?? null, challengeIn(response))
      const passkey = await records.get({ digest: digestOf(response.id) })
      if (challenge === undefined || !passkey || !isUsable(passkey)) return undefined
      if (userId !== undefined && passkey.userId !== userId) return undefined
      const { credentialId: id, counter } = passkey
      const publicKey = new Uint8Array(Buffer.from(passkey.publicKey, 'base64url'))
      const { verifyAuthenticationResponse } = await webauthn()
      const result = await verified(() =>
        verifyAuthenticationResponse({
          ...expected(challenge),
          response: response as AuthenticationResponseJSON,
          credential: { id, counter, publicKey },
          requireUserVerification: userId === undefined,
        }),
      )
      if (!result || !(await count(passkey, result.authenticationInfo.newCounter))) return undefined
      const { userVerified } = result.authenticationInfo
      return { passkey, userVerified, amr: [keyKind(passkey), ...(userVerified ? ['user'] : [])] }
    },
    async remove(userId, digest) {
      return (await storage.commit([take(passkeys, { digest }, { userId })])).ok
    },
  }
}

/** RFC 8176: a key that is synchronised is software, wherever it lies at the moment. */
export function keyKind({ synced }: Pick<Passkey, 'synced'>): 'swk' | 'hwk' {
  return synced ? 'swk' : 'hwk'
}
