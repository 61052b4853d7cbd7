/** What is around every page. */
import type { AccountNav } from './account-view.ts'
import type { Body, Frame } from './frame.ts'
import type { Language } from './locale.ts'
import { PostForm } from './parts.tsx'
import type { Texts } from './texts/en.ts'

export function Layout(props: { frame: Frame; language: Language; body: Body; own: string | undefined }) {
  const { frame, language, body, own } = props
  const { brand, texts, url, logo, extraStyle } = frame
  const sheet = body.wide ? 'sheet wide' : 'sheet'
  return (
    <html lang={language.tag}>
      <head>
        <meta charset="utf-8" />
        <title>{`${body.title} · ${brand.productName}`}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <link rel="icon" href={url(logo)} />
        <link rel="stylesheet" href={url('style.css')} />
        {extraStyle && <link rel="stylesheet" href={url(extraStyle)} />}
        {body.scripts?.map((script) => (
          <script src={url(script)} defer />
        ))}
      </head>
      <body>
        <a class="skip" href="#content">
          {texts.layout.skip}
        </a>
        <header class="masthead">
          <img src={url(logo)} alt="" width="40" height="40" />
          <span>{brand.productName}</span>
        </header>
        {body.nav && <AccountMenu nav={body.nav} texts={texts} title={body.title} />}
        {own === undefined ? (
          <main id="content" class={sheet} tabindex={-1}>
            {body.content}
          </main>
        ) : (
          <main id="content" class={sheet} tabindex={-1} dangerouslySetInnerHTML={{ __html: own }} />
        )}
        {brand.links.length > 0 && (
          <footer>
            <ul>
              {brand.links.map(({ text, url: target }) => (
                <li>
                  <a href={target}>{text}</a>
                </li>
              ))}
            </ul>
          </footer>
        )}
      </body>
    </html>
  )
}

function AccountMenu({ nav, texts: { account }, title }: { nav: AccountNav; texts: Texts; title: string }) {
  const { urls, logout } = nav
  const entries = [
    [urls.profile, account.profile],
    [urls.password, account.password],
    [urls.factors, account.factors],
    [urls.applications, account.applications],
    [urls.brokers, account.brokers],
    [urls.sessions, account.sessions],
  ] as const
  return (
    <nav class="account" aria-label={account.nav}>
      <ul>
        {entries.map(
          ([url, text]) =>
            url !== undefined && (
              <li>
                <a href={url} {...(text === title && { 'aria-current': 'page' })}>
                  {text}
                </a>
              </li>
            ),
        )}
      </ul>
      <PostForm form={logout}>
        <button type="submit" class="quiet small">
          {account.logout}
        </button>
      </PostForm>
    </nav>
  )
}
