import type { Body } from '../frame.ts'
import { fill } from '../locale.ts'
import { AskedFor, ClientLink, ClientLogo, logoOf, PostForm } from '../parts.tsx'
import { formTargets } from '../policy.ts'
import type { Texts } from '../texts/en.ts'
import type { AccountView, ConsentView, Form } from '../view.ts'

export function consentPage(view: ConsentView, texts: Texts): Body {
  const { client, account, scopes, vhosts, form, otherAccountUrl, leadsTo } = view
  const { consent } = texts
  const logo = logoOf(client)
  const title = fill(consent.title, { client: client.name })
  return {
    title,
    ...(logo !== undefined && { images: [logo] }),
    formTargets: formTargets(leadsTo),
    content: (
      <>
        <ClientLogo client={client} />
        <h1>{title}</h1>
        <SignedIn account={account} otherAccountUrl={otherAccountUrl} texts={texts} />
        <AskedFor scopes={scopes} vhosts={vhosts} texts={texts} />
        <p class="hint">{fill(consent.trust, { client: client.name })}</p>
        <p class="hint inline">
          <ClientLink url={client.policyUri} text={consent.policy} />
          <ClientLink url={client.termsUri} text={consent.terms} />
        </p>
        <Decision form={form} texts={texts} />
      </>
    ),
  }
}

export function SignedIn(props: { account: AccountView; otherAccountUrl: string | undefined; texts: Texts }) {
  const { account, otherAccountUrl, texts } = props
  return (
    <p class="lead">
      {fill(texts.consent.signedIn, { account: nameOf(account) })}{' '}
      {otherAccountUrl !== undefined && <a href={otherAccountUrl}>{texts.consent.other}</a>}
    </p>
  )
}

export function nameOf({ username, displayName }: AccountView): string {
  return displayName === undefined || displayName === username ? username : `${displayName} (${username})`
}

export function Decision({ form, texts: { consent } }: { form: Form; texts: Texts }) {
  return (
    <PostForm form={form}>
      <div class="pair">
        <button type="submit" class="primary" name="decision" value="allow">
          {consent.allow}
        </button>
        <button type="submit" class="secondary" name="decision" value="deny">
          {consent.deny}
        </button>
      </div>
    </PostForm>
  )
}
