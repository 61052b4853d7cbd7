/** What only the operator of this machine may do, over the control socket (`/control`). */
import { isAbsolute } from 'node:path'
import { Type as t } from '@sinclair/typebox'
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
  { storage, sessions }: Pick<Core, 'storage' | 'sessions'>,
) {
  return [
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
