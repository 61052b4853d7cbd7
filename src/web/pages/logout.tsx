import type { Body } from '../frame.ts'
import { fill } from '../locale.ts'
import { PostForm } from '../parts.tsx'
import { formTargets } from '../policy.ts'
import type { Texts } from '../texts/en.ts'
import type { LoggedOutView, LogoutView } from '../view.ts'
import { nameOf } from './consent.tsx'

export function logoutPage({ form, account, client, leadsTo }: LogoutView, { logout }: Texts): Body {
  return {
    title: logout.title,
    formTargets: formTargets(leadsTo),
    content: (
      <>
        <h1>{logout.title}</h1>
        <p class="lead">
          {client && `${fill(logout.asks, { client: client.name })} `}
          {fill(logout.ask, { account: nameOf(account) })}
        </p>
        <PostForm form={form}>
          <div class="pair">
            <button type="submit" class="primary" name="action" value="logout">
              {logout.submit}
            </button>
            <button type="submit" class="secondary" name="action" value="cancel">
              {logout.stay}
            </button>
          </div>
        </PostForm>
      </>
    ),
  }
}

export function loggedOutPage({ client, returnUrl, loginUrl }: LoggedOutView, { logout }: Texts): Body {
  return {
    title: logout.doneTitle,
    content: (
      <>
        <h1>{logout.doneTitle}</h1>
        <p class="lead">{logout.done}</p>
        {returnUrl !== undefined && (
          <a class="button primary" href={returnUrl}>
            {client ? fill(logout.back, { client: client.name }) : logout.backPlain}
          </a>
        )}
        {loginUrl !== undefined && (
          <a class="button secondary" href={loginUrl}>
            {logout.again}
          </a>
        )}
      </>
    ),
  }
}
