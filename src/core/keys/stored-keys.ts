/** The stored signing keys as this process last read them, and the guarded writes that change them. */
import { insert, type Step, type Storage, update } from '#plugin'
import type { Audit } from '../audit/audit.ts'
import type { Settings } from '../settings.ts'
import { repository } from '../storage/repository.ts'
import type { Caller, World } from '../world.ts'
import type { SigningAlgorithm } from './key-ring.ts'
import { type KeyMaterial, keyMaterial, makeKeyPair } from './material.ts'
import { type SigningKey, signingKeys } from './records.ts'
import { type Due, due, living, nextOf } from './schedule.ts'
import { createSealer } from './sealing.ts'

export interface KeyRingDeps {
  readonly storage: Storage
  readonly world: World
  readonly settings: () => Settings
  readonly audit: Audit
  /** 32 bytes. */
  readonly masterKey: Uint8Array
}

/** A key about to be used: stored by `step`, together with whatever else must happen at once. */
export interface TakeOver {
  readonly key: SigningKey
  /** Whether it was published before. */
  readonly waiting: boolean
  readonly step: Step
}

export interface StoredKeys {
  rows(): readonly SigningKey[]
  /** The JWK Set as text. */
  keySet(): string
  loadedAt(): number
  material(kid: string): KeyMaterial | undefined
  load(): Promise<void>
  /** `undefined` if another process stored a key at the same moment; either way the rows are read anew. */
  create(algorithm: SigningAlgorithm, activeAt: number, caller: Caller): Promise<SigningKey | undefined>
  /** Puts a key in use at once: the one that waits, else a new one. */
  takeOver(algorithm: SigningAlgorithm): Promise<TakeOver>
  /** Writes what the time has brought. */
  settle(algorithms: Iterable<SigningAlgorithm>, caller: Caller): Promise<void>
  note(event: 'key.created' | 'key.activated' | 'key.retired', key: SigningKey, caller: Caller): void
}

export function createStoredKeys({ storage, world, settings, audit, masterKey }: KeyRingDeps): StoredKeys {
  const sealer = createSealer(masterKey, world)
  const stored = repository(storage, signingKeys)
  let rows: readonly SigningKey[] = []
  let keySet = ''
  let loadedAt = Number.NEGATIVE_INFINITY
  let materials = new Map<string, KeyMaterial>()

  const placeOf = (kid: string) => ({ purpose: 'signing', collection: signingKeys.name, key: kid })

  function opened(key: SigningKey): KeyMaterial {
    const { kid, sealedPrivate } = key
    const privateJwk = sealedPrivate === null ? undefined : sealer.open(sealedPrivate, placeOf(kid))
    return keyMaterial(key, privateJwk)
  }

  async function load(): Promise<void> {
    const read = await stored.list()
    const alive = living(read, world.now())
    materials = new Map(alive.map((key) => [key.kid, materials.get(key.kid) ?? opened(key)]))
    keySet = JSON.stringify({ keys: alive.map(({ publicJwk }) => publicJwk) })
    rows = read
    loadedAt = world.now()
  }

  async function newKey(algorithm: SigningAlgorithm, activeAt: number): Promise<SigningKey> {
    const kid = `k${Buffer.from(world.random(16)).toString('base64url')}`
    const { privateJwk, publicJwk } = await makeKeyPair(algorithm, kid)
    const generations = rows.filter((key) => key.algorithm === algorithm).map(({ generation }) => generation)
    const generation = Math.max(0, ...generations) + 1
    const sealedPrivate = sealer.seal(privateJwk, placeOf(kid))
    const times = { createdAt: world.now(), activeAt, retiresAt: null, retiredAt: null }
    return { kid, algorithm, generation, sealedPrivate, publicJwk, ...times }
  }

  const note: StoredKeys['note'] = (event, { kid, algorithm }, caller) =>
    audit.record({ event, outcome: 'ok', target: `key:${kid}`, caller, detail: { algorithm } })

  const create: StoredKeys['create'] = async (algorithm, activeAt, caller) => {
    const key = await newKey(algorithm, activeAt)
    const { ok } = await storage.commit([insert(signingKeys, key)])
    if (ok) note('key.created', key, caller)
    await load()
    return ok ? key : undefined
  }

  /** Each step is guarded: where another process was first, there is nothing left to do. */
  async function apply(step: Due, algorithm: SigningAlgorithm, caller: Caller): Promise<void> {
    if (step.kind === 'create') {
      await create(algorithm, step.activeAt, caller)
    } else if (step.kind === 'supersede') {
      const change = {
        set: { retiresAt: step.retiresAt, sealedPrivate: null },
        when: { retiresAt: null, retiredAt: null },
      }
      const { ok } = await storage.commit([update(signingKeys, { kid: step.key.kid }, change)])
      if (ok) note('key.activated', step.by, caller)
    } else {
      const change = { set: { retiredAt: world.now() }, when: { retiredAt: null } }
      const { ok } = await storage.commit([update(signingKeys, { kid: step.key.kid }, change)])
      if (ok) note('key.retired', step.key, caller)
    }
  }

  return {
    rows: () => rows,
    keySet: () => keySet,
    loadedAt: () => loadedAt,
    material: (kid) => materials.get(kid),
    load,
    create,
    note,
    async takeOver(algorithm) {
      const now = world.now()
      const next = nextOf(rows, algorithm, now)
      if (next) {
        const change = { set: { activeAt: now }, when: { activeAt: next.activeAt, retiredAt: null } }
        return { key: next, waiting: true, step: update(signingKeys, { kid: next.kid }, change) }
      }
      const made = await newKey(algorithm, now)
      return { key: made, waiting: false, step: insert(signingKeys, made) }
    },
    async settle(algorithms, caller) {
      for (const algorithm of algorithms) {
        for (const step of due(rows, algorithm, { ...settings().keys, now: world.now() })) {
          await apply(step, algorithm, caller)
        }
      }
      await load()
    },
  }
}
