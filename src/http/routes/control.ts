/** What only the operator of this machine may do, over the control socket (`/control`). */
import { isAbsolute } from 'node:path'
import { Type as t } from '@sinclair/typebox'
import type { DiagnosticStep } from '#plugin'
import type { Core } from '../../core/core.ts'
import { Problem } from '../../core/problem.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'
import { instant, strict } from '../schemas.ts'

/** The parts of the running instance that the operator may move. */
export interface Control {
  /** Reads the configuration anew and swaps; refuses with every fault and keeps the old one. */
  reload(): Promise<void>
  status(urls: readonly string[]): {
    readonly version: string
    readonly commit: string
    readonly pid: number
    readonly startedAt: number
    readonly urls: readonly string[]
    readonly storage: string
    readonly sources: readonly string[]
  }
}

export function controlRoutes(
  control: Control,
  urls: () => readonly string[],
  core: Pick<Core, 'storage' | 'sessions' | 'diagnose'>,
) {
  const { storage, sessions } = core
  return [
    diagnoseRoute(core),
    endpoint({
      method: 'POST',
      path: '/control/reload',
      access: 'operator',
      summary: 'Read the configuration anew; on a fault the old one stays',
      handle: () => control.reload(),
    }),
    endpoint({
      method: 'POST',
      path: '/control/backup',
      access: 'operator',
      summary: 'Write a consistent copy of the storage to a new file',
      body: t.Object({ to: t.String({ minLength: 1, maxLength: 4096, description: 'Absolute path' }) }, strict),
      async handle({ body: { to } }) {
        if (!isAbsolute(to)) throw notAbsolute()
        if (!storage.backup)
          throw new Problem('invalid_request', 'This storage has its own means of backup; use those of its engine')
        await storage.backup(to).catch((cause: unknown) => {
          throw new Problem('conflict', cause instanceof Error ? cause.message : String(cause), { cause })
        })
      },
    }),
    endpoint({
      method: 'GET',
      path: '/control/status',
      access: 'operator',
      summary: 'What is running',
      handle() {
        const { startedAt, ...status } = control.status(urls())
        return { ...status, startedAt: instant(startedAt) }
      },
    }),
    endpoint({
      method: 'POST',
      path: '/control/token',
      access: 'operator',
      summary: 'An access token straight from the rules, for a user who need not log in',
      body: t.Object(
        {
          user: t.String({ minLength: 1, maxLength: 190 }),
          vhost: t.String({ minLength: 1, maxLength: 190 }),
          broker: t.Optional(t.String({ minLength: 1, maxLength: 64 })),
        },
        strict,
      ),
      handle: ({ body: { user, ...where }, caller }) => sessions.issueFor({ username: user, ...where }, caller),
    }),
  ] satisfies readonly Endpoint[]
}

/** A relative one would be relative to wherever the server was started. */
function notAbsolute(): Problem {
  const faults = [{ path: '/to', message: 'Expected an absolute path' }]
  return new Problem('invalid_request', 'Say where the copy goes by an absolute path', { faults })
}

/** Times are taken here: a source reads no clock, and the domain's may stand still. */
function diagnoseRoute({ diagnose }: Pick<Core, 'diagnose'>): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/control/diagnose',
    access: 'operator',
    summary: 'Go the way of a login through a login source and say what each step did; nothing is counted or changed',
    body: t.Object(
      {
        source: t.String({ minLength: 1, maxLength: 64 }),
        username: t.String({ minLength: 1, maxLength: 1024 }),
        password: t.Optional(t.String({ minLength: 1, maxLength: 4096, description: 'Tried as well, if given' })),
      },
      strict,
    ),
    async handle({ body }) {
      const start = performance.now()
      let last = start
      const steps: (DiagnosticStep & { readonly milliseconds: number })[] = []
      const report = (step: DiagnosticStep): void => {
        const now = performance.now()
        steps.push({ ...step, milliseconds: now - last })
        last = now
      }
      const verdict = await diagnose({ ...body, report })
      return { steps, verdict, milliseconds: performance.now() - start }
    },
  })
}
