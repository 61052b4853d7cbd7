/** Whether the server can do its work: what `/readyz` tells and `/metrics` shows. */
import { basename } from 'node:path'
import type { Core } from './core/core.ts'
import type { Generations } from './generations.ts'
import { TOO_LATE, within } from './host/deadline.ts'
import type { Check } from './http/routes/health.ts'
import type { Siblings } from './processes/siblings.ts'

export interface Watched {
  readonly core: Core
  readonly generations: Generations
  readonly siblings: Siblings | undefined
}

/** An answer that does not come within this many milliseconds is a no. */
const CHECK_DEADLINE = 3_000

export async function readiness({ core, generations, siblings }: Watched): Promise<readonly Check[]> {
  const answered = async (name: string, ask: () => Promise<{ ok: boolean; detail?: string }>) => {
    try {
      const answer = await within(CHECK_DEADLINE, ask())
      return { name, ...(answer === TOO_LATE ? { ok: false, detail: 'it does not answer' } : answer) }
    } catch (error) {
      return { name, ok: false, detail: error instanceof Error ? error.message : String(error) }
    }
  }
  const checks = await Promise.all([
    answered('storage', async () => {
      await core.users.list({ limit: 1 })
      return { ok: true }
    }),
    answered('keys', async () => ({ ok: core.keys.list().some(({ state }) => state === 'active') })),
    ...generations.current().sources.map(async ({ id, source }) => ({
      ...(await answered(`login:${id}`, async () => (source.health ? source.health() : { ok: true }))),
      dispensable: true,
    })),
    ...mailChecks(generations).map(async (check) => ({ ...(await answered('mail', check)), dispensable: true })),
    ...generations.faults().map(async ({ path, message }) => ({
      name: `plugin:${basename(path)}`,
      ok: false,
      dispensable: true,
      detail: message,
    })),
  ])
  return [...checks, ...processCheck(siblings)]
}

/** A mail server that is down keeps nobody out who has another factor. */
function mailChecks(generations: Generations) {
  const { mail } = generations.current()
  if (!mail) return []
  return [
    async () => {
      await mail.check()
      return { ok: true }
    },
  ]
}

/** The others answer while one is started again. */
function processCheck(siblings: Siblings | undefined): Check[] {
  if (!siblings) return []
  const { up, of } = siblings.state()
  return [
    { name: 'processes', ok: up === of, dispensable: true, ...(up !== of && { detail: `${up} of ${of} answer` }) },
  ]
}
