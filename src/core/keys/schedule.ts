/** When keys are made, take over and leave: pure decisions over rows and a clock, the same in every process. */
import type { Settings } from '../settings.ts'
import type { KeyInfo, SigningAlgorithm } from './key-ring.ts'
import type { SigningKey } from './records.ts'

/** Made without being asked for: ES256 signs access tokens, RS256 the ID tokens of OpenID Connect. */
export const ALWAYS: readonly SigningAlgorithm[] = ['ES256', 'RS256']

export type Due =
  | { readonly kind: 'create'; readonly activeAt: number }
  | { readonly kind: 'supersede'; readonly key: SigningKey; readonly by: SigningKey; readonly retiresAt: number }
  | { readonly kind: 'drop'; readonly key: SigningKey }

/** Keys that still verify, oldest first. */
export function living(rows: readonly SigningKey[], now: number): readonly SigningKey[] {
  return rows
    .filter(({ retiredAt, retiresAt }) => retiredAt === null && (retiresAt === null || retiresAt > now))
    .toSorted((a, b) => a.algorithm.localeCompare(b.algorithm) || a.generation - b.generation)
}

/** The newest key whose time has come. If the clock fell back behind all of them, the oldest that can sign. */
export function activeOf(
  rows: readonly SigningKey[],
  algorithm: SigningAlgorithm,
  now: number,
): SigningKey | undefined {
  const able = living(rows, now).filter((key) => key.algorithm === algorithm && key.sealedPrivate !== null)
  return able.findLast(({ activeAt }) => activeAt <= now) ?? able[0]
}

/** `activeOf` for every signature: worked out anew only for other rows, or when the time of one of them has come. */
export function rememberActive(rows: () => readonly SigningKey[]) {
  const known = new Map<SigningAlgorithm, SigningKey | undefined>()
  let [of, from, until]: [readonly SigningKey[] | undefined, number, number] = [undefined, 0, 0]
  return (algorithm: SigningAlgorithm, now: number): SigningKey | undefined => {
    const current = rows()
    if (of !== current || now < from || now >= until) {
      known.clear()
      ;[of, from, until] = [current, now, nextChange(current, now)]
    }
    if (!known.has(algorithm)) known.set(algorithm, activeOf(current, algorithm, now))
    return known.get(algorithm)
  }
}

function nextChange(rows: readonly SigningKey[], now: number): number {
  const times = rows.flatMap(({ activeAt, retiresAt }) => [activeAt, retiresAt ?? Number.POSITIVE_INFINITY])
  return Math.min(...times.filter((time) => time > now))
}

/** Published and waiting. */
export function nextOf(rows: readonly SigningKey[], algorithm: SigningAlgorithm, now: number): SigningKey | undefined {
  const active = activeOf(rows, algorithm, now)
  return active && living(rows, now).find((key) => key.algorithm === algorithm && key.generation > active.generation)
}

export function infoOf(rows: readonly SigningKey[], now: number): readonly KeyInfo[] {
  return living(rows, now).map(({ kid, algorithm, generation, createdAt, activeAt, retiresAt }) => {
    const active = activeOf(rows, algorithm, now)?.generation ?? generation
    const state = generation === active ? 'active' : generation > active ? 'next' : 'previous'
    return { kid, algorithm, state, createdAt, activeAt, retiresAt }
  })
}

/** What has to be written for one algorithm so that the rows say what the time says. */
export function due(
  rows: readonly SigningKey[],
  algorithm: SigningAlgorithm,
  { now, rotateEvery, publishAhead, keepFor }: Settings['keys'] & { readonly now: number },
): readonly Due[] {
  const own = rows.filter((key) => key.algorithm === algorithm && key.retiredAt === null)
  const active = activeOf(own, algorithm, now)
  if (!active) return ALWAYS.includes(algorithm) ? [{ kind: 'create', activeAt: now }] : []
  const found: Due[] = []
  for (const key of own) {
    if (key.retiresAt !== null && key.retiresAt <= now) found.push({ kind: 'drop', key })
    else if (key.retiresAt === null && key.generation < active.generation) {
      found.push({ kind: 'supersede', key, by: active, retiresAt: active.activeAt + keepFor })
    }
  }
  const turn = active.activeAt + rotateEvery
  if (turn - publishAhead <= now && !nextOf(own, algorithm, now)) {
    found.push({ kind: 'create', activeAt: Math.max(turn, now + publishAhead) })
  }
  return found
}
