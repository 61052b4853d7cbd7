/** The audit log under load: records are written behind, many in one commit, and none is forgotten. */
import { expect, test } from 'bun:test'
import { auditEvents, createAudit } from '../../src/core/audit/audit.ts'
import { repository } from '../../src/core/storage/repository.ts'
import { temporaryStorage } from '../harness/storage-sqlite.ts'
import { SETTINGS } from '../keys/ring.ts'

const quiet = { debug() {}, info() {}, warn() {}, error() {} }
const turn = () => new Promise((resolve) => setImmediate(resolve))

test('a steady stream of events is written in large commits, and every event is written', async () => {
  await using storage = await temporaryStorage()
  const sizes: number[] = []
  const timers: (() => void)[] = []
  const audit = createAudit({
    storage: {
      ...storage,
      commit(steps) {
        sizes.push(steps.length)
        return storage.commit(steps)
      },
    },
    world: { now: () => 1, random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)), log: quiet },
    settings: () => SETTINGS,
    schedule: (work) => {
      timers.push(work)
      return () => undefined
    },
  })
  const record = (serial: number) =>
    audit.record({
      event: 'login',
      outcome: 'ok',
      target: `user:${serial}`,
      caller: { actor: 'anonymous', requestId: 'test' },
    })
  for (let serial = 0; serial < 1_010; serial++) {
    record(serial)
    if (serial % 8 === 0) await turn()
  }
  await audit[Symbol.asyncDispose]()
  expect(Math.min(...sizes.slice(0, -1))).toBe(200)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(1_010)
  expect(await Array.fromAsync(repository(storage, auditEvents).all())).toHaveLength(1_010)
  // Besides, what is few waits for company: the timer was asked for, and nothing was written for it here.
  expect(timers.length).toBeGreaterThan(0)
})
