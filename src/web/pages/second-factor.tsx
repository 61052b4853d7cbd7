import type { Body } from '../frame.ts'
import { fill } from '../locale.ts'
import { NoticeBanner, PASSKEY_SCRIPT, PasskeyButton, PostForm } from '../parts.tsx'
import { formTargets } from '../policy.ts'
import type { Texts } from '../texts/en.ts'
import type { FactorMethod, SecondFactorView } from '../view.ts'

export function secondFactorPage(view: SecondFactorView, texts: Texts): Body {
  return {
    title: texts.factor.title,
    content: <SecondFactor view={view} texts={texts} />,
    ...(view.method === 'passkey' && { scripts: [PASSKEY_SCRIPT] }),
    formTargets: formTargets(view.leadsTo),
  }
}

const OTHER = {
  otp: 'useOtp',
  email: 'useEmail',
  recovery_code: 'useRecovery',
  passkey: 'usePasskeyInstead',
} as const satisfies Record<FactorMethod, keyof Texts['factor']>

function SecondFactor({ view, texts }: { view: SecondFactorView; texts: Texts }) {
  const { form, method, others, notice } = view
  const { factor, login } = texts
  return (
    <>
      <h1>{factor.title}</h1>
      <p class="lead">{leadOf(view, texts)}</p>
      <NoticeBanner notice={notice} texts={texts} />
      <PostForm form={{ ...form, fields: { ...form.fields, method } }}>
        <Proof view={view} texts={texts} />
      </PostForm>
      {others.length > 0 && (
        <nav aria-labelledby="others">
          <h2 id="others">{factor.other}</h2>
          <ul class="links">
            {others.map((other) => (
              <li>
                <a href={other.url}>{factor[OTHER[other.method]]}</a>
              </li>
            ))}
          </ul>
        </nav>
      )}
      <PostForm form={form}>
        <button type="submit" class="quiet" name="action" value="cancel">
          {login.cancel}
        </button>
      </PostForm>
    </>
  )
}

function leadOf({ method, mail }: SecondFactorView, { factor }: Texts): string {
  if (method === 'recovery_code') return factor.recovery
  if (method !== 'email') return factor[method]
  return fill(mail?.sent ? factor.emailSent : factor.email, { to: mail?.to ?? '' })
}

function Proof({ view, texts }: { view: SecondFactorView; texts: Texts }) {
  const { method, mail, passkey } = view
  const { factor } = texts
  if (method === 'passkey' && passkey)
    return <PasskeyButton prompt={passkey} kind="get" label={factor.usePasskey} texts={texts} primary />
  if (method === 'email' && !mail?.sent)
    return (
      <button type="submit" class="primary" name="action" value="send">
        {factor.send}
      </button>
    )
  return (
    <>
      <CodeField recovery={method === 'recovery_code'} view={view} texts={texts} />
      <button type="submit" class="primary">
        {factor.submit}
      </button>
      {method === 'email' && (
        <button type="submit" class="secondary" name="action" value="send" formnovalidate>
          {factor.sendAgain}
        </button>
      )}
    </>
  )
}

function CodeField(props: { recovery: boolean; view: SecondFactorView; texts: Texts }) {
  const { recovery, view, texts } = props
  const name = recovery ? 'recovery_code' : 'otp'
  return (
    <>
      <label for={name}>{recovery ? texts.factor.recoveryCode : texts.factor.code}</label>
      <input
        id={name}
        name={name}
        class="code"
        type="text"
        inputmode={recovery ? 'text' : 'numeric'}
        autocomplete="one-time-code"
        autocapitalize="none"
        spellcheck={false}
        required
        maxlength={40}
        autofocus
        {...(view.notice?.kind === 'error' && { 'aria-describedby': 'notice' })}
      />
    </>
  )
}
