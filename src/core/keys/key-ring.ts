/** Signing keys: made, published before use, used, kept for verification, retired. A `kid` is never reused. */
import type { JWTPayload } from 'jose'
import { update } from '#plugin'
import { Problem } from '../problem.ts'
import type { Caller } from '../world.ts'
import { type SigningKey, signingKeys } from './records.ts'
import { ALWAYS, infoOf, living, nextOf, rememberActive } from './schedule.ts'
import { createStoredKeys, type KeyRingDeps } from './stored-keys.ts'

export type SigningAlgorithm = 'ES256' | 'RS256' | 'EdDSA'

export interface KeyInfo {
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  /** `next` is published and not used yet, `previous` verifies only. */
  readonly state: 'next' | 'active' | 'previous'
  readonly createdAt: number
  readonly activeAt: number
  /** When it stops verifying and leaves the key set; `null` while in use. */
  readonly retiresAt: number | null
}

export interface KeyRing extends AsyncDisposable {
  /** The JWK Set (RFC 7517) as text, ready to serve; the same string until a key changes. */
  jwks(): string
  list(): readonly KeyInfo[]
  /** Signs claims as a compact JWS. `typ` goes into the header (`at+jwt`, `identity+jwt`, `JWT`). */
  sign(claims: JWTPayload, options: { readonly algorithm: SigningAlgorithm; readonly typ: string }): Promise<string>
  /**
   * Verifies a JWS of ours: known `kid`, algorithm of that key, exact `typ`, signature; not the times.
   * `undefined` for anything else. Header keys `jwk`, `jku`, `x5u`, `x5c` and `crit` are never followed.
   */
  verify(token: string, typ: string): Promise<JWTPayload | undefined>
  /** Publishes a new key and makes it active after the pre-publication time, or at once. */
  rotate(algorithm: SigningAlgorithm, options: { readonly now?: boolean }, caller: Caller): Promise<KeyInfo>
  /** Emergency: the key stops verifying and leaves the key set at once. */
  retire(kid: string, caller: Caller): Promise<void>
  /** Does what is due: makes next keys, activates, drops. Run by the janitor. */
  tick(): Promise<void>
  /** Reads the stored keys anew (another process changed them). */
  reload(): Promise<void>
}

const SYSTEM: Caller = { actor: 'system', requestId: 'key-rotation' }
/** No token of ours comes near; longer ones are not even split. */
const MAX_TOKEN_LENGTH = 8192
const COMPACT_JWS = /^([\w-]+)\.[\w-]+\.[\w-]+$/
/** Another process may have made the key of an unknown token; garbage must not turn this into a read per request. */
const RELOAD_FOR_UNKNOWN_EVERY = 5_000
const ATTEMPTS = 5

/**
 * Reads the stored keys; on the first start makes the one that signs access tokens. RS256 takes a tenth of a second to
 * make and is left to the first `tick` or the first use. Throws `UnsealError` under another master key.
 */
export async function openKeyRing(deps: KeyRingDeps): Promise<KeyRing> {
  const { storage, world, settings } = deps
  const stored = createStoredKeys(deps)
  let last: Promise<unknown> = Promise.resolve()

  /** One change or load at a time in this process, so that an older read never replaces a newer one. */
  function serial<T>(work: () => Promise<T>): Promise<T> {
    const run = last.then(work, work)
    last = run
    return run
  }

  /** Guarded work until it was not overtaken by another process. */
  async function untilDone<T>(attempt: () => Promise<T | undefined>): Promise<T> {
    for (let count = 0; count < ATTEMPTS; count++) {
      const done = await attempt()
      if (done !== undefined) return done
      await stored.load()
    }
    throw new Problem('conflict', 'The keys are being changed by somebody else: look at the list and try again')
  }

  const load = () => stored.load()
  const activeNow = rememberActive(() => stored.rows())
  const active = (algorithm: SigningAlgorithm) => activeNow(algorithm, world.now())
  const usable = (algorithm: SigningAlgorithm): Promise<SigningKey> =>
    untilDone(async () => active(algorithm) ?? (await stored.create(algorithm, world.now(), SYSTEM)))
  const infoFor = (kid: string) => infoOf(stored.rows(), world.now()).find((key) => key.kid === kid)

  async function publishNext(algorithm: SigningAlgorithm, caller: Caller): Promise<KeyInfo | undefined> {
    const next = nextOf(stored.rows(), algorithm, world.now())
    if (next) return infoFor(next.kid)
    const wait = active(algorithm) ? settings().keys.publishAhead : 0
    const made = await stored.create(algorithm, world.now() + wait, caller)
    return made && infoFor(made.kid)
  }

  async function replaceNow(algorithm: SigningAlgorithm, caller: Caller): Promise<KeyInfo | undefined> {
    const { key, waiting, step } = await stored.takeOver(algorithm)
    if (!(await storage.commit([step])).ok) return undefined
    if (!waiting) stored.note('key.created', key, caller)
    await stored.load()
    await stored.settle([algorithm], caller)
    return infoFor(key.kid)
  }

  async function retireNow(kid: string, caller: Caller): Promise<true | undefined> {
    const now = world.now()
    const key = living(stored.rows(), now).find((each) => each.kid === kid)
    if (!key) throw new Problem('not_found', `There is no key "${kid}" in use`)
    const end = { set: { retiredAt: now, retiresAt: now, sealedPrivate: null }, when: { retiredAt: null } }
    const successor = active(key.algorithm)?.kid === kid ? await stored.takeOver(key.algorithm) : undefined
    const steps = [update(signingKeys, { kid }, end), ...(successor ? [successor.step] : [])]
    if (!(await storage.commit(steps)).ok) return undefined
    stored.note('key.retired', key, caller)
    if (successor) stored.note(successor.waiting ? 'key.activated' : 'key.created', successor.key, caller)
    await stored.load()
    return true
  }

  await stored.load()
  await usable('ES256')

  return {
    jwks: () => stored.keySet(),
    list: () => infoOf(stored.rows(), world.now()),

    async sign(claims, { algorithm, typ }) {
      const key = active(algorithm) ?? (await serial(() => usable(algorithm)))
      const material = stored.material(key.kid)
      if (!material) throw new Error(`Cannot sign with key ${key.kid}: it is not loaded`)
      return await material.sign(claims, typ)
    },

    async verify(token, typ) {
      if (token.length > MAX_TOKEN_LENGTH) return undefined
      const header = COMPACT_JWS.exec(token)?.[1]
      if (header === undefined) return undefined
      // The header is not read but compared with the one we write: `none`, `crit`, `jwk` or a strange `kid` equal none.
      const signer = () =>
        living(stored.rows(), world.now())
          .map(({ kid }) => stored.material(kid))
          .find((material) => material?.header(typ) === header)
      let material = signer()
      if (!material && world.now() - stored.loadedAt() >= RELOAD_FOR_UNKNOWN_EVERY) {
        await serial(load)
        material = signer()
      }
      const payload = await material?.verify(token)
      return payload && (JSON.parse(new TextDecoder().decode(payload)) as JWTPayload)
    },

    rotate: (algorithm, { now = false }, caller) =>
      serial(async () => {
        await stored.load()
        return await untilDone(() => (now ? replaceNow : publishNext)(algorithm, caller))
      }),

    retire: (kid, caller) =>
      serial(async () => {
        await stored.load()
        await untilDone(() => retireNow(kid, caller))
      }),

    tick: () =>
      serial(async () => {
        await stored.load()
        await stored.settle(new Set([...ALWAYS, ...stored.rows().map(({ algorithm }) => algorithm)]), SYSTEM)
      }),
    reload: () => serial(load),
    async [Symbol.asyncDispose]() {
      await last.catch(() => undefined)
    },
  }
}
