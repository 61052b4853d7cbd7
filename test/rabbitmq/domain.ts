/** Brokers and rules on a real store, with a clock and settings that the test holds. */
import { createAudit } from '../../src/core/audit/audit.ts'
import { Problem } from '../../src/core/problem.ts'
import { createBrokers } from '../../src/core/rabbitmq/brokers.ts'
import { createRules } from '../../src/core/rabbitmq/rules.ts'
import type { Settings } from '../../src/core/settings.ts'
import type { Caller, World } from '../../src/core/world.ts'
import { SETTINGS as BASE } from '../harness/settings.ts'
import { temporaryStorage } from '../harness/storage-sqlite.ts'

export const OPERATOR: Caller = { actor: 'operator', requestId: 'req-1' }

const SETTINGS: Settings = {
  ...BASE,
  issuer: 'https://tokens.example',
  patterns: { username: '.+', email: '.+', group: '.+', password: '.+' },
}

export async function openDomain() {
  const clock = { now: Date.UTC(2026, 0, 1) }
  const state = { settings: SETTINGS }
  const world: World = {
    now: () => clock.now,
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    log: { debug() {}, info() {}, warn() {}, error() {} },
  }
  const storage = await temporaryStorage()
  const settings = () => state.settings
  const audit = createAudit({ storage, world, settings })
  const brokers = createBrokers({ storage, world, settings, audit })
  const rules = createRules({ storage, world, audit, brokers })
  return {
    clock,
    storage,
    audit,
    brokers,
    rules,
    /** What another process of the same store has. */
    elsewhere: () => createRules({ storage, world, audit, brokers }),
    useDefaultBroker(name: string) {
      state.settings = { ...SETTINGS, session: { ...SETTINGS.session, defaultBroker: name } }
    },
    async events(): Promise<readonly string[]> {
      const { rows } = await audit.list({ limit: 100 })
      return rows.toReversed().map(({ event, target, actor }) => `${actor} ${event} ${target}`)
    },
    async [Symbol.asyncDispose]() {
      await audit[Symbol.asyncDispose]()
      await storage[Symbol.asyncDispose]()
    },
  }
}

/** The refusal that this leads to; throws when it leads to none. */
export async function refusal(work: Promise<unknown>): Promise<Problem> {
  try {
    await work
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
  throw new Error('Expected a refusal, but the call went through')
}
