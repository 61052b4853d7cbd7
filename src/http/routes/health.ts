/** Is the process alive, is the server ready. Both quiet in the log, both safe to ask often. */
import type { World } from '../../core/world.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'

export interface Check {
  /** `storage`, `keys`, `login:local`. */
  readonly name: string
  readonly ok: boolean
  /** The server does its work without it, if not all of it: a directory, an optional plugin. */
  readonly dispensable?: boolean
  /** For the operator only: may name hosts and files. */
  readonly detail?: string
}
export type Readiness = () => Promise<readonly Check[]>

/** An answer is reused for this long, so that strangers cannot make us hammer a directory. */
const REUSE = 1000

/** The same checks, not run more often than once a second however often they are asked for. */
export function seldom(readiness: Readiness, { now }: Pick<World, 'now'>): Readiness {
  let last: { readonly at: number; readonly checks: Promise<readonly Check[]> } | undefined
  return () => {
    if (!last || now() - last.at >= REUSE || now() < last.at) last = { at: now(), checks: readiness() }
    return last.checks
  }
}

function statusOf(checks: readonly Check[]): 'ready' | 'degraded' | 'not ready' {
  const broken = checks.filter(({ ok }) => !ok)
  if (broken.length === 0) return 'ready'
  return broken.every(({ dispensable }) => dispensable) ? 'degraded' : 'not ready'
}

export function healthRoutes(readiness: Readiness): readonly Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/healthz',
      access: 'public',
      summary: 'The process is alive',
      quiet: true,
      handle: () => ({ status: 'ok' }),
    }),
    endpoint({
      method: 'GET',
      path: '/readyz',
      access: 'public',
      summary: 'Storage and keys are usable, else 503; degraded without a plugin or a login source',
      quiet: true,
      async handle({ who }) {
        const all = await readiness()
        const status = statusOf(all)
        const checks = all.map(({ name, ok, detail }) => ({
          name,
          ok,
          ...(who.kind === 'operator' && detail !== undefined && { detail }),
        }))
        return Response.json({ status, checks }, { status: status === 'not ready' ? 503 : 200 })
      },
    }),
  ]
}
