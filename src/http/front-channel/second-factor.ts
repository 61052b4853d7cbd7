/** The second factor of a login, and the first enrolment of one where it is demanded. */
import { Type as t } from '@sinclair/typebox'
import type { FactorMethod, Proof } from '../../core/factors/factors.ts'
import { Problem } from '../../core/problem.ts'
import type { Notice, SecondFactorView } from '../../web/view.ts'
import type { Endpoint } from '../endpoint.ts'
import { createFrontChannel, type FrontChannelParts, PATHS, type Step } from './front-channel.ts'
import { failureOf, parsedPasskey } from './trouble.ts'

const PATH = PATHS['second-factor']
const PASSKEY_OPTIONS = `${PATH}/passkey-options`

export function secondFactorRoutes(parts: FrontChannelParts): readonly Endpoint[] {
  const { authorizations, factors } = parts.core
  const { page, form } = createFrontChannel(parts)

  async function viewOf(step: Step, wanted: string | null, more: Partial<Shown> = {}): Promise<SecondFactorView> {
    const { user, factor, started } = step.seen
    const method = factor.methods.find((each) => each === wanted) ?? factor.methods[0] ?? 'otp'
    const { handle, notice } = more
    const address =
      method === 'email' && user ? (await factors.list(user)).find((each) => each.method === method) : undefined
    const { request } = started.interaction
    return {
      version: 1,
      page: 'second-factor',
      form: step.form(PATH, handle === undefined ? {} : { handle }),
      method,
      others: factor.methods
        .filter((each) => each !== method)
        .map((each) => ({ method: each, url: step.url(PATH, { method: each }) })),
      ...(address && { mail: { to: address.name, sent: handle !== undefined } }),
      ...(method === 'passkey' && { passkey: { optionsUrl: parts.base + PASSKEY_OPTIONS } }),
      ...(notice && { notice }),
      ...(request && { leadsTo: request.redirectUri }),
    }
  }

  async function send(step: Step): Promise<Response> {
    const { user } = step.seen
    if (!user) throw new Problem('invalid_request', 'Log in first')
    try {
      const { handle } = await factors.challengeMail(user, step.caller)
      return step.show(await viewOf(step, 'email', { handle, notice: { kind: 'info', code: 'code_sent' } }))
    } catch (error) {
      const mail = error instanceof Problem && error.code === 'conflict'
      const notice: Notice = { kind: 'error', code: 'mail_unavailable' }
      if (mail) return step.show(await viewOf(step, 'email', { notice }), { status: 503 })
      const failure = failureOf(error, 'invalid_code')
      return step.show(await viewOf(step, 'email', { notice: failure.notice }), failure)
    }
  }

  async function attempt(step: Step, fields: Fields): Promise<Response> {
    const { method = 'otp', handle, action } = fields
    if (action === 'cancel') return step.finish(await authorizations.deny(step.seen, step.browser))
    if (action === 'send') return await send(step)
    const again = handle === undefined ? {} : { handle }
    const wrong = method === 'passkey' ? 'invalid_passkey' : 'invalid_code'
    try {
      const outcome = await authorizations.logins.secondFactor(step.seen, proofIn(fields), step.browser)
      if (outcome) return step.finish(outcome)
      const notice = { kind: 'error', code: wrong } as const
      return step.show(await viewOf(step, method, { ...again, notice }), { status: 400 })
    } catch (error) {
      const { notice, ...options } = failureOf(error, wrong)
      return step.show(await viewOf(step, method, { ...again, notice }), options)
    }
  }

  return [
    page('second-factor', 'Page: second factor', async (step, query) =>
      step.show(await viewOf(step, query.get('method'))),
    ),
    form({ name: 'second-factor', summary: 'Form: second factor', fields: FIELDS }, attempt),
    form(
      {
        name: 'second-factor',
        path: PASSKEY_OPTIONS,
        summary: 'Options for a passkey as second factor',
        fields: FIELDS,
      },
      async ({ seen }) => await factors.passkeyOptions(seen.user),
    ),
    ...enrolRoutes(parts),
  ]
}

function enrolRoutes(parts: FrontChannelParts): readonly Endpoint[] {
  const { authorizations } = parts.core
  const { logins } = authorizations
  const { page, form } = createFrontChannel(parts)

  async function show(step: Step, notice?: Notice, status = 200): Promise<Response> {
    const { uri, secret } = await logins.enrolment(step.seen)
    const view = { version: 1, page: 'enrol-otp', form: step.form(PATHS.enrol), uri, secret } as const
    return step.show({ ...view, ...(notice && { notice }) }, { status })
  }

  return [
    page('enrol', 'Page: enrol the first authenticator', (step) => show(step)),
    form(
      { name: 'enrol', summary: 'Form: enrol the first authenticator', fields: FIELDS },
      async (step, { otp = '', action }) => {
        if (action === 'cancel') return step.finish(await authorizations.deny(step.seen, step.browser))
        const wrong = { kind: 'error', code: 'invalid_code' } as const
        try {
          const enrolled = await logins.enrolled(step.seen, otp, step.browser)
          if (!enrolled) return await show(step, wrong, 400)
          const { cookie, recoveryCodes: codes } = enrolled
          const shown = step.show({ version: 1, page: 'recovery-codes', codes, doneUrl: step.url(PATHS.login) })
          const life = parts.core.settings().browser.absoluteTtl / 1000
          shown.headers.append('set-cookie', parts.cookie.write(cookie, life))
          return shown
        } catch (error) {
          const { notice, status } = failureOf(error, 'invalid_code')
          return await show(step, notice, status)
        }
      },
    ),
  ]
}

interface Shown {
  readonly handle: string
  readonly notice: Notice
}

const Short = t.Optional(t.String({ maxLength: 200 }))
const FIELDS = {
  method: Short,
  otp: Short,
  recovery_code: Short,
  handle: Short,
  name: Short,
  passkey: t.Optional(t.String({ maxLength: 40_000 })),
  action: t.Optional(t.String({ maxLength: 16 })),
}
type Fields = Partial<Record<keyof typeof FIELDS, string>>

function proofIn({ method, otp = '', recovery_code: recovery = '', handle = '', passkey = '' }: Fields): Proof {
  const proofs: Readonly<Record<FactorMethod, Proof>> = {
    otp: { method: 'otp', code: otp },
    email: { method: 'email', handle, code: otp },
    recovery_code: { method: 'recovery_code', code: recovery },
    passkey: { method: 'passkey', response: parsedPasskey(passkey) },
  }
  const known = (name: string): name is FactorMethod => Object.hasOwn(proofs, name)
  return method !== undefined && known(method) ? proofs[method] : proofs.otp
}
