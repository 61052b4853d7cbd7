/** A key ring over a real store, with a clock and an audit log that tests can read. */
import type { Storage } from '#plugin'
import type { Audit, AuditEntry } from '../../src/core/audit/audit.ts'
import { type KeyRing, openKeyRing } from '../../src/core/keys/key-ring.ts'
import type { Settings } from '../../src/core/settings.ts'
import type { Caller, World } from '../../src/core/world.ts'
import { SETTINGS as BASE } from '../harness/settings.ts'
import { temporaryStorage } from '../harness/storage-sqlite.ts'

export const HOUR = 3_600_000
export const DAY = 24 * HOUR
export const OPERATOR: Caller = { actor: 'operator', requestId: 'test' }
export const MASTER_KEY = new Uint8Array(32).fill(7)

const silent = () => undefined
export const SETTINGS: Settings = {
  ...BASE,
  issuer: 'https://leveret.example',
  keys: { rotateEvery: 30 * DAY, publishAhead: DAY, keepFor: 2 * DAY },
  audit: { keepFor: 30 * DAY, tokens: 'store' },
}

export interface TestWorld extends World {
  pass(milliseconds: number): void
}
export function testWorld(): TestWorld {
  let time = Date.UTC(2026, 0, 1)
  return {
    now: () => time,
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    log: { debug: silent, info: silent, warn: silent, error: silent },
    pass: (milliseconds) => void (time += milliseconds),
  }
}

export interface ListeningAudit extends Audit {
  readonly entries: AuditEntry[]
  names(): readonly string[]
}
export function listeningAudit(): ListeningAudit {
  const entries: AuditEntry[] = []
  return {
    entries,
    names: () => entries.map(({ event }) => event),
    record: (entry) => void entries.push(entry),
    list: () => Promise.resolve({ rows: [] }),
    flush: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

export interface RingTest extends AsyncDisposable {
  readonly ring: KeyRing
  readonly storage: Storage
  readonly world: TestWorld
  readonly audit: ListeningAudit
  /** Another process on the same storage and clock. */
  readonly another: (masterKey?: Uint8Array) => Promise<KeyRing>
}
export async function openRing(settings = SETTINGS, world = testWorld()): Promise<RingTest> {
  const storage = await temporaryStorage()
  const audit = listeningAudit()
  const another = (masterKey: Uint8Array = MASTER_KEY) =>
    openKeyRing({ storage, world, settings: () => settings, audit, masterKey })
  return {
    ring: await another(),
    storage,
    world,
    audit,
    another,
    [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose](),
  }
}

export function kidsOf(jwks: string): readonly string[] {
  return (JSON.parse(jwks) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid)
}

/** What a promise was refused with; that it was not is a fault of the test. */
export function refusal(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => Promise.reject(new Error('was not refused')),
    (error: unknown) => error,
  )
}
