import type { ComponentChildren } from 'preact'
import type { ApplicationsView, PasswordView, ProfileField, ProfileView, SessionsView } from '../account-view.ts'
import type { Body } from '../frame.ts'
import { fill, momentIn } from '../locale.ts'
import { AskedFor, ClientLogo, logoOf, NoticeBanner, PostForm } from '../parts.tsx'
import type { Texts } from '../texts/en.ts'
import { readUserAgent } from '../user-agent.ts'
import type { Form } from '../view.ts'

export function profilePage(view: ProfileView, texts: Texts): Body {
  const { nav, form, email, values, notice } = view
  const { account } = texts
  return {
    title: account.profile,
    nav,
    wide: true,
    content: (
      <>
        <h1>{account.profile}</h1>
        <NoticeBanner notice={notice} texts={texts} />
        <PostForm form={form}>
          {email !== undefined && (
            <>
              <label for="email">{account.email}</label>
              <input id="email" type="email" value={email} readonly aria-describedby="email-hint" />
              <p class="hint below" id="email-hint">
                {account.emailHint}
              </p>
            </>
          )}
          {(Object.keys(texts.profileFields) as ProfileField[]).map((field) => (
            <ProfileInput field={field} value={values[field] ?? ''} view={view} texts={texts} />
          ))}
          <button type="submit" class="primary">
            {account.save}
          </button>
        </PostForm>
      </>
    ),
  }
}

const AUTOCOMPLETE: Readonly<Partial<Record<ProfileField, string>>> = {
  name: 'name',
  given_name: 'given-name',
  family_name: 'family-name',
  nickname: 'nickname',
  website: 'url',
  picture: 'photo',
  phone_number: 'tel',
  birthdate: 'bday',
  locale: 'language',
}

function ProfileInput(props: { field: ProfileField; value: string; view: ProfileView; texts: Texts }) {
  const { field, value, view, texts } = props
  const fixed = view.fixed.includes(field)
  const faulty = view.faulty.includes(field)
  const hint = fixed ? texts.account.fixedHint : faulty ? texts.account.faulty : undefined
  return (
    <>
      <label for={field}>{texts.profileFields[field]}</label>
      <input
        id={field}
        name={field}
        type="text"
        value={value}
        readonly={fixed}
        autocomplete={AUTOCOMPLETE[field] ?? 'off'}
        maxlength={500}
        {...(faulty && { 'aria-invalid': 'true' })}
        {...(hint !== undefined && { 'aria-describedby': `${field}-hint` })}
      />
      {hint !== undefined && (
        <p class={faulty ? 'hint below fault' : 'hint below'} id={`${field}-hint`}>
          {hint}
        </p>
      )}
    </>
  )
}

export function passwordPage({ nav, form, minLength, notice }: PasswordView, texts: Texts): Body {
  const { account } = texts
  return {
    title: account.password,
    nav,
    wide: true,
    content: (
      <>
        <h1>{account.password}</h1>
        <p class="lead">{account.passwordEnds}</p>
        <NoticeBanner notice={notice} texts={texts} />
        <PostForm form={form}>
          <input type="hidden" name="username" value={nav.account.username} autocomplete="username" />
          <PasswordInput name="current_password" label={account.current} autocomplete="current-password" />
          <PasswordInput name="password" label={account.next} autocomplete="new-password" hint="rules" />
          <p class="hint below" id="rules">
            {fill(account.minLength, { count: minLength })}
          </p>
          <PasswordInput name="password_again" label={account.again} autocomplete="new-password" />
          <button type="submit" class="primary">
            {account.changePassword}
          </button>
        </PostForm>
      </>
    ),
  }
}

function PasswordInput(props: { name: string; label: string; autocomplete: string; hint?: string }) {
  const { name, label, autocomplete, hint } = props
  return (
    <>
      <label for={name}>{label}</label>
      <input
        id={name}
        name={name}
        type="password"
        autocomplete={autocomplete}
        required
        maxlength={4096}
        {...(hint !== undefined && { 'aria-describedby': hint })}
      />
    </>
  )
}

export function applicationsPage(view: ApplicationsView, texts: Texts, language: string): Body {
  const { nav, applications, notice } = view
  const { account } = texts
  return {
    title: account.applications,
    nav,
    wide: true,
    images: applications.flatMap(({ client }) => logoOf(client) ?? []),
    content: (
      <>
        <h1>{account.applications}</h1>
        <p class="lead">{account.applicationsLead}</p>
        <NoticeBanner notice={notice} texts={texts} />
        {applications.length === 0 && <p>{account.noApplications}</p>}
        <ul class="rows">
          {applications.map(({ client, scopes, vhosts, grantedAt, revoke }) => (
            <Row form={revoke} action={account.revoke} of={client.name}>
              <ClientLogo client={client} />
              <strong>{client.name}</strong>
              <p class="hint">{fill(account.granted, { date: momentIn(language, grantedAt) })}</p>
              <AskedFor scopes={scopes} vhosts={vhosts} texts={texts} />
            </Row>
          ))}
        </ul>
      </>
    ),
  }
}

export function sessionsPage(view: SessionsView, texts: Texts, language: string): Body {
  const { nav, sessions, endAll, notice } = view
  const { account } = texts
  return {
    title: account.sessions,
    nav,
    wide: true,
    content: (
      <>
        <h1>{account.sessions}</h1>
        <p class="lead">{account.sessionsLead}</p>
        <NoticeBanner notice={notice} texts={texts} />
        <ul class="rows">
          {sessions.map(({ current, ip, userAgent, lastSeenAt, end }) => {
            const { browser = account.unknownBrowser, system = account.unknownSystem } = readUserAgent(userAgent)
            const name = fill(account.session, { browser, system })
            return (
              <Row form={end} action={account.end} of={name}>
                <strong>{name}</strong> {current && <span class="badge">{account.thisSession}</span>}
                <p class="hint">
                  {ip !== undefined && `${fill(account.sessionFrom, { ip })}, `}
                  {fill(account.sessionSeen, { date: momentIn(language, lastSeenAt) })}
                </p>
              </Row>
            )
          })}
        </ul>
        <PostForm form={endAll}>
          <button type="submit" class="danger">
            {account.endAll}
          </button>
        </PostForm>
      </>
    ),
  }
}

/** One of several things, with what can be done about it: `of` tells a screen reader what the button is about. */
export function Row(props: { form: Form; action: string; of: string; children: ComponentChildren }) {
  const { form, action, of, children } = props
  return (
    <li>
      <div>{children}</div>
      <PostForm form={form}>
        <button type="submit" class="danger small" aria-label={`${action}: ${of}`}>
          {action}
        </button>
      </PostForm>
    </li>
  )
}
