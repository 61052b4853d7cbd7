/** Is the process alive, is the server ready. Both quiet in the log, both safe to ask often. */
import type { World } from '../../core/world.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'

export interface Check {
  /** `storage`, `keys`, `login:local`. */
  readonly name: string
  readonly ok: boolean
  /** For the operator only: may name hosts and files. */
  readonly detail?: string
}
export type Readiness = () => Promise<readonly Check[]>

/** An answer is reused for this long, so that strangers cannot make us hammer a directory. */
const REUSE = 1000

export function healthRoutes(readiness: Readiness, { now }: Pick<World, 'now'>): readonly Endpoint[] {
  let last: { readonly at: number; readonly checks: Promise<readonly Check[]> } | undefined
  const checks = () => {
    if (!last || now() - last.at >= REUSE || now() < last.at) last = { at: now(), checks: readiness() }
    return last.checks
  }
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
      summary: 'Storage, keys and plugins are usable; 503 if not',
      quiet: true,
      async handle({ who }) {
        const all = await checks()
        const ok = all.every((check) => check.ok)
        const shown = who.kind === 'operator' ? all : all.map(({ name, ok }) => ({ name, ok }))
        return Response.json({ status: ok ? 'ready' : 'not ready', checks: shown }, { status: ok ? 200 : 503 })
      },
    }),
  ]
}
