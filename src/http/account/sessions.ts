/** `/account/sessions`: where somebody is logged in, and logging out there. */
import { Type as t } from '@sinclair/typebox'
import type { Endpoint } from '../endpoint.ts'
import { type AccountParts, accountEndpoints, noticeIn, PATHS } from './visit.ts'

const END = `${PATHS.sessions}/end`
const END_ALL = `${PATHS.sessions}/end-all`

export function sessionPageRoutes(parts: AccountParts): readonly Endpoint[] {
  const { page, action } = accountEndpoints(parts)
  const { browserSessions } = parts.core
  const loggedOut = (loginUrl: string) => ({ version: 1, page: 'logged-out', loginUrl }) as const

  return [
    page(PATHS.sessions, 'Page: own sessions', async (visit) => {
      const { nav, user, session, form } = visit
      const sessions = (await browserSessions.list(user.id)).map(({ sid, ip, userAgent, createdAt, lastSeenAt }) => ({
        current: sid === session.sid,
        ...(ip !== null && { ip }),
        userAgent,
        createdAt,
        lastSeenAt,
        end: form(END, { sid }),
      }))
      const endAll = form(END_ALL)
      return visit.show({ version: 1, page: 'account-sessions', nav, sessions, endAll, ...noticeIn(visit) })
    }),
    action(
      { path: END, page: PATHS.sessions, summary: 'Form: end a session', fields: { sid: t.String({ maxLength: 64 }) } },
      async (visit, { sid }) => {
        await browserSessions.end(visit.user, sid, visit.caller)
        return visit.done(PATHS.sessions, 'session_ended')
      },
    ),
    action({ path: END_ALL, page: PATHS.sessions, summary: 'Form: sign out everywhere', fields: {} }, async (visit) => {
      await browserSessions.endAll(visit.user, visit.caller)
      const answer = visit.show(loggedOut(parts.base + PATHS.profile))
      answer.headers.set('set-cookie', parts.cookie.clear)
      return answer
    }),
  ]
}
