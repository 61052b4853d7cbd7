import type { Body } from '../frame.ts'
import { fill } from '../locale.ts'
import { ClientLogo, logoOf, NoticeBanner, PASSKEY_SCRIPT, PasskeyButton, PostForm } from '../parts.tsx'
import { formTargets } from '../policy.ts'
import type { Texts } from '../texts/en.ts'
import type { LoginView } from '../view.ts'

export function loginPage(view: LoginView, texts: Texts): Body {
  const { client, passkey, leadsTo } = view
  const logo = logoOf(client)
  return {
    title: texts.login.title,
    content: <Login view={view} texts={texts} />,
    ...(passkey && { scripts: [PASSKEY_SCRIPT] }),
    ...(logo !== undefined && { images: [logo] }),
    formTargets: formTargets(leadsTo),
  }
}

function Login({ view, texts }: { view: LoginView; texts: Texts }) {
  const { form, client, username, usernameFixed, password, passkey, sources, cancellable, notice } = view
  const { login } = texts
  return (
    <>
      <ClientLogo client={client} />
      <h1>{login.title}</h1>
      {client && <p class="lead">{fill(login.to, { client: client.name })}</p>}
      {usernameFixed && !client && <p class="lead">{login.again}</p>}
      <NoticeBanner notice={notice} texts={texts} />
      {(password || passkey) && (
        <PostForm form={form}>
          {password && <PasswordFields view={view} texts={texts} />}
          {password && (
            <button type="submit" class="primary">
              {login.submit}
            </button>
          )}
          {password && passkey && <Divider text={login.or} />}
          {passkey && (
            <PasskeyButton prompt={passkey} kind="get" label={login.passkey} texts={texts} primary={!password} />
          )}
        </PostForm>
      )}
      {sources.length > 0 && (
        <>
          {password && !passkey && <Divider text={login.or} />}
          <ul class="choices">
            {sources.map(({ label, url }) => (
              <li>
                <a class="button secondary" href={url}>
                  {fill(login.with, { source: label })}
                </a>
              </li>
            ))}
          </ul>
        </>
      )}
      {cancellable && (
        <PostForm form={form}>
          {username !== undefined && <input type="hidden" name="username" value={username} />}
          <button type="submit" class="quiet" name="action" value="cancel">
            {login.cancel}
          </button>
        </PostForm>
      )}
    </>
  )
}

function PasswordFields({ view, texts: { login } }: { view: LoginView; texts: Texts }) {
  const { username = '', usernameFixed = false, notice } = view
  const faulty = notice?.kind === 'error' ? { 'aria-describedby': 'notice' } : {}
  return (
    <>
      <label for="username">{login.username}</label>
      <input
        id="username"
        name="username"
        type="text"
        value={username}
        readonly={usernameFixed}
        autocomplete="username"
        autocapitalize="none"
        spellcheck={false}
        required
        maxlength={190}
        autofocus={username === ''}
        {...faulty}
      />
      <label for="password">{login.password}</label>
      <input
        id="password"
        name="password"
        type="password"
        autocomplete="current-password"
        required
        maxlength={4096}
        autofocus={username !== ''}
        {...faulty}
      />
    </>
  )
}

function Divider({ text }: { text: string }) {
  return (
    <p class="divider">
      <span>{text}</span>
    </p>
  )
}
