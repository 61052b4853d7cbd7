/** `/account/factors`: second factors of one's own. */
import { Type as t } from '@sinclair/typebox'
import type { EnrolledFactor } from '../../core/factors/factors.ts'
import type { TotpEnrolment } from '../../core/factors/totp.ts'
import type { FactorsView } from '../../web/account-view.ts'
import type { Endpoint } from '../endpoint.ts'
import { failureOf, parsedPasskey } from '../front-channel/trouble.ts'
import { type AccountParts, accountEndpoints, fault, noticeIn, PATHS, type Visit } from './visit.ts'

const OTP = `${PATHS.factors}/otp`
const PASSKEY = `${PATHS.factors}/passkey`
const OPTIONS = `${PASSKEY}/options`
const EMAIL = `${PATHS.factors}/email`
const RECOVERY = `${PATHS.factors}/recovery-codes`
const REMOVE = `${PATHS.factors}/remove`

const Short = t.Optional(t.String({ maxLength: 200 }))
const Name = t.Optional(t.String({ maxLength: 60 }))
const shared = { page: PATHS.factors, fresh: true } as const

export function factorRoutes(parts: AccountParts): readonly Endpoint[] {
  const { page, action } = accountEndpoints(parts)
  const { factors } = parts.core
  const backUrl = parts.base + PATHS.factors

  async function list(visit: Visit): Promise<Response> {
    const { user, nav, form } = visit
    const [all, demanded] = await Promise.all([factors.list(user), factors.demanded(user)])
    const paper = all.find(({ method }) => method === 'recovery_code')
    const own = all.filter((factor) => factor !== paper)
    const mail = factors.canMail(user) && own.every(({ method }) => method !== 'email')
    const view: FactorsView = {
      version: 1,
      page: 'account-factors',
      nav,
      demanded,
      factors: own.map((factor) => ({ ...shown(factor), remove: form(REMOVE, { id: factor.id }) })),
      ...(own.length > 0 && { recovery: { left: paper?.left ?? 0, renew: form(RECOVERY) } }),
      add: { otp: form(OTP), passkey: form(PASSKEY), ...(mail && { email: form(EMAIL) }) },
      ...noticeIn(visit),
    }
    return visit.show(view)
  }

  function showTotp(visit: Visit, { id, uri, secret }: TotpEnrolment, said: ReturnType<typeof noticeIn> = {}) {
    const form = visit.form(OTP, { id })
    return visit.show({ version: 1, page: 'enrol-otp', nav: visit.nav, form, uri, secret, backUrl, ...said })
  }

  function showPasskey(visit: Visit, said: ReturnType<typeof noticeIn> = {}) {
    const passkey = { optionsUrl: parts.base + OPTIONS }
    const form = visit.form(PASSKEY)
    return visit.show({ version: 1, page: 'enrol-passkey', nav: visit.nav, form, passkey, backUrl, ...said })
  }

  function showMail(
    visit: Visit,
    { handle, to }: { handle: string; to: string },
    said: ReturnType<typeof noticeIn> = {},
  ) {
    const form = visit.form(EMAIL, { handle, to })
    return visit.show({ version: 1, page: 'enrol-email', nav: visit.nav, form, to, backUrl, ...said })
  }

  return [
    page(PATHS.factors, 'Page: own second factors', list),
    action(
      {
        ...shared,
        path: OTP,
        summary: 'Form: add an authenticator app',
        fields: { id: Short, otp: Short, name: Name },
      },
      async (visit, { id, otp, name = '' }) => {
        const pending = id === undefined ? undefined : await factors.pendingTotp(visit.user, id)
        if (!pending || otp === undefined) return showTotp(visit, pending ?? (await factors.enrolTotp(visit.user)))
        try {
          if (!(await factors.confirmTotp(visit.user, { id: pending.id, code: otp, name }, visit.caller)))
            return showTotp(visit, pending, fault('invalid_code'))
        } catch (error) {
          return showTotp(visit, pending, failureOf(error, 'invalid_code'))
        }
        return visit.done(PATHS.factors, 'factor_added', await visit.raised(['otp']))
      },
    ),
    action(
      {
        ...shared,
        path: PASSKEY,
        summary: 'Form: add a passkey',
        fields: { passkey: t.Optional(t.String({ maxLength: 40_000 })), name: Name },
      },
      async (visit, { passkey = '', name = '' }) => {
        if (passkey === '') return showPasskey(visit)
        const added = await factors.addPasskey(visit.user, parsedPasskey(passkey), name, visit.caller)
        if (!added.ok) return showPasskey(visit, fault('invalid_passkey'))
        return visit.done(PATHS.factors, 'factor_added', await visit.raised(added.amr))
      },
    ),
    action({ ...shared, path: OPTIONS, summary: 'Options for a new passkey', fields: {} }, async (visit) =>
      factors.passkeyCreation(visit.user),
    ),
    action(
      { ...shared, path: EMAIL, summary: 'Form: use codes by mail', fields: { handle: Short, to: Short, otp: Short } },
      async (visit, { handle, to = '', otp }) => {
        if (handle === undefined || otp === undefined)
          return showMail(visit, await factors.enrolMail(visit.user, visit.caller))
        try {
          if (!(await factors.confirmMail(visit.user, handle, otp, visit.caller)))
            return showMail(visit, { handle, to }, fault('invalid_code'))
        } catch (error) {
          return showMail(visit, { handle, to }, failureOf(error, 'invalid_code'))
        }
        return visit.done(PATHS.factors, 'factor_added', await visit.raised(['otp']))
      },
    ),
    action({ ...shared, path: RECOVERY, summary: 'Form: new recovery codes', fields: {} }, async (visit) => {
      const codes = await factors.newRecoveryCodes(visit.user, visit.caller)
      return visit.show({ version: 1, page: 'recovery-codes', nav: visit.nav, codes, doneUrl: backUrl })
    }),
    action(
      {
        ...shared,
        path: REMOVE,
        summary: 'Form: take a second factor away',
        fields: { id: t.String({ maxLength: 200 }) },
      },
      async (visit, { id }) => {
        const gone = await factors.remove(visit.user, id, visit.caller)
        return visit.done(PATHS.factors, gone ? 'factor_removed' : 'saved')
      },
    ),
  ]
}

function shown({ method, name, createdAt, lastUsedAt }: EnrolledFactor) {
  return { method, name, createdAt, ...(lastUsedAt !== null && { lastUsedAt }) }
}
