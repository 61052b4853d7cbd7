import type { FactorsView, MailEnrolView, PasskeyEnrolView, RecoveryCodesView, TotpEnrolView } from '../account-view.ts'
import type { Body } from '../frame.ts'
import { fill, momentIn } from '../locale.ts'
import { NoticeBanner, PASSKEY_SCRIPT, PasskeyButton, PostForm } from '../parts.tsx'
import { QrCode } from '../qr-code.tsx'
import type { Texts } from '../texts/en.ts'
import type { FactorMethod, Form } from '../view.ts'
import { Row } from './account.tsx'

const NAMES = {
  otp: 'otp',
  passkey: 'passkey',
  email: 'mailCode',
  recovery_code: 'recovery',
} as const satisfies Record<FactorMethod, keyof Texts['account']>

export function factorsPage(view: FactorsView, texts: Texts, language: string): Body {
  const { nav, factors, recovery, add, demanded, notice } = view
  const { account } = texts
  return {
    title: account.factors,
    nav,
    wide: true,
    content: (
      <>
        <h1>{account.factors}</h1>
        <p class="lead">
          {account.factorsLead} {demanded && account.factorsDemanded}
        </p>
        <NoticeBanner notice={notice} texts={texts} />
        {factors.length === 0 && <p>{account.noFactor}</p>}
        <ul class="rows">
          {factors.map((factor) => (
            <Row form={factor.remove} action={account.remove} of={factor.name || account[NAMES[factor.method]]}>
              <strong>{account[NAMES[factor.method]]}</strong> {factor.name}
              <p class="hint">{historyOf(factor, texts, language)}</p>
            </Row>
          ))}
        </ul>
        {recovery && (
          <section>
            <h2>{account.recovery}</h2>
            <p>{recovery.left > 0 ? fill(account.recoveryLeft, { count: recovery.left }) : account.recoveryNone}</p>
            <Begin form={recovery.renew} label={account.recoveryRenew} />
          </section>
        )}
        <section>
          <h2>{account.add}</h2>
          <div class="pair">
            <Begin form={add.passkey} label={account.addPasskey} />
            <Begin form={add.otp} label={account.addOtp} />
            {add.email && <Begin form={add.email} label={account.addMail} />}
          </div>
        </section>
      </>
    ),
  }
}

function Begin({ form, label }: { form: Form; label: string }) {
  return (
    <PostForm form={form}>
      <button type="submit" class="secondary">
        {label}
      </button>
    </PostForm>
  )
}

function historyOf(factor: FactorsView['factors'][number], { account }: Texts, language: string): string {
  const { createdAt, lastUsedAt } = factor
  const used = lastUsedAt === undefined ? account.never : fill(account.used, { date: momentIn(language, lastUsedAt) })
  return createdAt === undefined ? used : `${fill(account.created, { date: momentIn(language, createdAt) })}, ${used}`
}

export function totpEnrolPage(view: TotpEnrolView, texts: Texts): Body {
  const { nav, form, uri, secret, notice, backUrl } = view
  const { account, factor } = texts
  return {
    title: account.otpTitle,
    ...(nav && { nav }),
    content: (
      <>
        <h1>{account.otpTitle}</h1>
        <p class="lead">{account.otpScan}</p>
        <NoticeBanner notice={notice} texts={texts} />
        <QrCode text={uri} label={account.otpQr} />
        <dl class="facts">
          <dt>{account.otpKey}</dt>
          <dd>
            <code>{secret.replace(/(.{4})(?=.)/g, '$1 ')}</code>
          </dd>
        </dl>
        <PostForm form={form}>
          <FactorName label={account.factorName} />
          <CodeInput label={factor.code} faulty={notice?.kind === 'error'} />
          <button type="submit" class="primary">
            {account.otpConfirm}
          </button>
        </PostForm>
        <Back url={backUrl} texts={texts} />
      </>
    ),
  }
}

export function passkeyEnrolPage(view: PasskeyEnrolView, texts: Texts): Body {
  const { nav, form, passkey, notice, backUrl } = view
  const { account } = texts
  return {
    title: account.passkeyTitle,
    nav,
    scripts: [PASSKEY_SCRIPT],
    content: (
      <>
        <h1>{account.passkeyTitle}</h1>
        <p class="lead">{account.passkeyLead}</p>
        <NoticeBanner notice={notice} texts={texts} />
        <PostForm form={form}>
          <FactorName label={account.factorName} />
          <PasskeyButton prompt={passkey} kind="create" label={account.passkeyAdd} texts={texts} primary />
        </PostForm>
        <Back url={backUrl} texts={texts} />
      </>
    ),
  }
}

export function mailEnrolPage(view: MailEnrolView, texts: Texts): Body {
  const { nav, form, to, notice, backUrl } = view
  const { account, factor } = texts
  return {
    title: account.mailTitle,
    nav,
    content: (
      <>
        <h1>{account.mailTitle}</h1>
        <p class="lead">{fill(account.mailLead, { to })}</p>
        <NoticeBanner notice={notice} texts={texts} />
        <PostForm form={form}>
          <CodeInput label={factor.code} faulty={notice?.kind === 'error'} />
          <button type="submit" class="primary">
            {account.otpConfirm}
          </button>
        </PostForm>
        <Back url={backUrl} texts={texts} />
      </>
    ),
  }
}

export function recoveryCodesPage({ nav, codes, doneUrl }: RecoveryCodesView, { account }: Texts): Body {
  return {
    title: account.recoveryTitle,
    ...(nav && { nav }),
    content: (
      <>
        <h1>{account.recoveryTitle}</h1>
        <p class="lead">{account.recoveryLead}</p>
        <ul class="codes">
          {codes.map((code) => (
            <li>
              <code>{code}</code>
            </li>
          ))}
        </ul>
        <a class="button primary" href={doneUrl}>
          {account.recoveryDone}
        </a>
      </>
    ),
  }
}

function FactorName({ label }: { label: string }) {
  return (
    <>
      <label for="name">{label}</label>
      <input id="name" name="name" type="text" maxlength={60} autocomplete="off" />
    </>
  )
}

function CodeInput({ label, faulty }: { label: string; faulty: boolean }) {
  return (
    <>
      <label for="otp">{label}</label>
      <input
        id="otp"
        name="otp"
        class="code"
        type="text"
        inputmode="numeric"
        autocomplete="one-time-code"
        required
        maxlength={20}
        {...(faulty && { 'aria-describedby': 'notice' })}
      />
    </>
  )
}

function Back({ url, texts }: { url: string | undefined; texts: Texts }) {
  return url === undefined ? null : (
    <p class="center">
      <a href={url}>{texts.account.back}</a>
    </p>
  )
}
