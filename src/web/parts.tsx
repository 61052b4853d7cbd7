/** What several pages are made of. */
import type { ComponentChildren } from 'preact'
import { fill } from './locale.ts'
import type { Texts } from './texts/en.ts'
import type { ClientView, Form, Notice, PasskeyPrompt, VhostRights } from './view.ts'

export function PostForm({ form, children }: { form: Form; children: ComponentChildren }) {
  return (
    <form method="post" action={form.action}>
      <input type="hidden" name="csrf" value={form.csrf} />
      {Object.entries(form.fields ?? {}).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      {children}
    </form>
  )
}

/** Said by screen readers as soon as the page is there. */
export function NoticeBanner({ notice, texts }: { notice: Notice | undefined; texts: Texts }) {
  if (!notice) return null
  return (
    <p class={`notice ${notice.kind}`} role={notice.kind === 'error' ? 'alert' : 'status'} id="notice">
      {noticeText(notice, texts)}
    </p>
  )
}

export function noticeText({ code, retryAfter }: Notice, { notices }: Texts): string {
  const wait = code === 'too_many_attempts' && retryAfter !== undefined
  return wait ? fill(notices.too_many_attempts_wait, { seconds: retryAfter }) : notices[code]
}

/** A client's logo, when it is one that cannot carry anything but a picture. */
export function ClientLogo({ client }: { client: ClientView | undefined }) {
  const logo = logoOf(client)
  return logo === undefined ? null : <img class="client-logo" src={logo} alt="" width="56" height="56" />
}

export function logoOf(client: ClientView | undefined): string | undefined {
  return httpsUrl(client?.logo)?.href
}

/** A link of a client's, when it is https: `javascript:` and `data:` never become a link. */
export function ClientLink({ url, text }: { url: string | undefined; text: string }) {
  const target = httpsUrl(url)
  if (!target) return null
  return (
    <a href={target.href} rel="noopener noreferrer" target="_blank">
      {text}
    </a>
  )
}

function httpsUrl(text: string | undefined): URL | undefined {
  const url = text === undefined ? null : URL.parse(text)
  return url?.protocol === 'https:' ? url : undefined
}

/** The button that a script brings to life, the field for its answer, and what stands there when it cannot. */
export function PasskeyButton(props: {
  prompt: PasskeyPrompt
  kind: 'get' | 'create'
  label: string
  texts: Texts
  primary?: boolean
}) {
  const { prompt, kind, label, texts, primary } = props
  return (
    <>
      <input type="hidden" name="passkey" value="" />
      <button
        type="button"
        class={primary ? 'primary' : 'secondary'}
        data-passkey={kind}
        data-options={prompt.optionsUrl}
        hidden
      >
        {label}
      </button>
      <p class="notice error" role="alert" data-passkey-failure hidden>
        {texts.passkey.failed}
      </p>
      <p class="hint" data-passkey-missing>
        {texts.passkey.needsScript}
      </p>
    </>
  )
}

export const PASSKEY_SCRIPT = 'passkey.js'

/** What a client asks to do, in words. */
export function AskedFor(props: { scopes: readonly string[]; vhosts: readonly VhostRights[]; texts: Texts }) {
  const { scopes, vhosts, texts } = props
  return (
    <>
      {scopes.length > 0 && (
        <section>
          <h2>{texts.consent.asks}</h2>
          <ul class="asked">
            {scopes.map((scope) => (
              <li>{wordsOf(scope, texts)}</li>
            ))}
          </ul>
        </section>
      )}
      {vhosts.length > 0 && (
        <section>
          <h2>{texts.consent.rights}</h2>
          {vhosts.map((rights) => (
            <Rights rights={rights} texts={texts} />
          ))}
        </section>
      )}
    </>
  )
}

function Rights({ rights, texts: { consent } }: { rights: VhostRights; texts: Texts }) {
  const { vhost, broker, tags } = rights
  const title = broker === undefined ? fill(consent.vhost, { vhost }) : fill(consent.vhostOn, { vhost, broker })
  return (
    <div class="rights">
      <h3>{title}</h3>
      <dl hidden={[...rights.configure, ...rights.write, ...rights.read, ...tags].length === 0}>
        {(['configure', 'write', 'read'] as const).map((right) => (
          <>
            <dt>{consent[right]}</dt>
            <dd>
              {rights[right].length === 0 ? consent.nothing : <Patterns of={rights[right]} all={consent.everything} />}
            </dd>
          </>
        ))}
        {tags.length > 0 && (
          <>
            <dt>{consent.tags}</dt>
            <dd>{tags.join(', ')}</dd>
          </>
        )}
      </dl>
    </div>
  )
}

function Patterns({ of, all }: { of: readonly string[]; all: string }) {
  if (of.includes('*')) return <strong>{all}</strong>
  return (
    <>
      {of.map((pattern, index) => (
        <>
          {index > 0 && ', '}
          <code>{pattern}</code>
        </>
      ))}
    </>
  )
}

export function wordsOf(scope: string, { scopes }: Texts): string {
  const { other, ...known } = scopes
  return Object.hasOwn(known, scope) ? known[scope as keyof typeof known] : fill(other, { scope })
}
