/** `/account/password`: the own password, for people whose password is kept here. */
import { Type as t } from '@sinclair/typebox'
import { Problem } from '../../core/problem.ts'
import type { Endpoint } from '../endpoint.ts'
import { failureOf } from '../front-channel/trouble.ts'
import { type AccountParts, accountEndpoints, fault, noticeIn, PATHS, type Visit } from './visit.ts'

const Password = t.String({ maxLength: 4096 })

export function passwordRoutes(parts: AccountParts): readonly Endpoint[] {
  const { page, action } = accountEndpoints(parts)
  const { users, settings, browserSessions } = parts.core

  function show(visit: Visit, said: ReturnType<typeof noticeIn>): Response {
    if (!users.keptHere(visit.user)) throw new Problem('not_found', 'The password of this user is not kept here')
    const { minLength } = settings().passwords
    const { nav, form } = visit
    const view = { version: 1, page: 'account-password', nav, form: form(PATHS.password), minLength, ...said } as const
    return visit.show(view, { status: said.notice?.kind === 'error' ? 400 : 200 })
  }

  /** The change ended this session with all others; whoever made it goes on in a new one. */
  async function goOn({ user: { id }, session, caller }: Visit): Promise<Record<string, string>> {
    const user = await users.get(id)
    const { amr, authTime, userAgent } = session
    const begun = user && (await browserSessions.begin({ user, amr, authTime, userAgent }, caller))
    if (!begun) return {}
    return { 'set-cookie': parts.cookie.write(begun.cookie, settings().browser.absoluteTtl / 1_000) }
  }

  return [
    page(PATHS.password, 'Page: change the own password', (visit) => show(visit, noticeIn(visit))),
    action(
      {
        path: PATHS.password,
        page: PATHS.password,
        summary: 'Form: change the own password',
        fields: { current_password: Password, password: Password, password_again: Password },
      },
      async (visit, { current_password: current, password, password_again: again }) => {
        if (password !== again) return show(visit, fault('passwords_differ'))
        try {
          await users.changePassword(visit.user.id, current, password, visit.caller)
        } catch (error) {
          const refused = error instanceof Problem && error.code === 'invalid_request'
          return show(visit, refused ? fault('password_refused') : failureOf(error, 'wrong_password'))
        }
        return visit.done(PATHS.password, 'password_changed', await goOn(visit))
      },
    ),
  ]
}
