/** Where a user is logged in with a browser, for administrators: what there is, and ending it. */
import { Type as t } from '@sinclair/typebox'
import type { Core } from '../../core/core.ts'
import { Problem } from '../../core/problem.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'
import { existingUser } from './existing-user.ts'
import { Instant, instant } from '../schemas.ts'

const SessionsAnswer = t.Object({
  sessions: t.Array(
    t.Object({
      sid: t.String({ description: 'What clients know it by' }),
      ip: t.Union([t.String(), t.Null()]),
      userAgent: t.String(),
      acr: t.String({ description: '"1" for one factor, "2" for two' }),
      createdAt: Instant,
      lastSeenAt: Instant,
    }),
  ),
})

export function userSessionRoutes({
  users,
  browserSessions,
}: Pick<Core, 'users' | 'browserSessions'>): readonly Endpoint[] {
  const existing = (idOrName: string) => existingUser(users, idOrName)

  return [
    endpoint({
      method: 'GET',
      path: '/users/:id/sessions',
      access: 'admin',
      summary: 'Where a user is logged in with a browser',
      answer: SessionsAnswer,
      async handle({ params }) {
        const found = await browserSessions.list((await existing(params.id)).id)
        const sessions = found.map(({ sid, ip, userAgent, acr, createdAt, lastSeenAt }) => {
          return { sid, ip, userAgent, acr, createdAt: instant(createdAt), lastSeenAt: instant(lastSeenAt) }
        })
        return { sessions }
      },
    }),
    endpoint({
      method: 'DELETE',
      path: '/users/:id/sessions',
      access: 'admin',
      summary: 'Sign a user out everywhere: browsers, identity tokens, and every token of every client',
      handle: async ({ params, caller }) => browserSessions.endAll(await existing(params.id), caller),
    }),
    endpoint({
      method: 'DELETE',
      path: '/users/:id/sessions/:sid',
      access: 'admin',
      summary: 'End one session of a user, with the tokens that clients got in it',
      async handle({ params, caller }) {
        if (await browserSessions.end(await existing(params.id), params.sid, caller)) return undefined
        throw new Problem('not_found', 'The user has no such session')
      },
    }),
  ]
}
