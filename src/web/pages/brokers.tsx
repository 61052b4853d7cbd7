import type { BrokersView, ManagementLoginView } from '../account-view.ts'
import type { Body } from '../frame.ts'
import { fill } from '../locale.ts'
import { NoticeBanner, PostForm } from '../parts.tsx'
import type { Texts } from '../texts/en.ts'
import { FormAway } from './form-post.tsx'

export function brokersPage({ nav, places, notice }: BrokersView, texts: Texts): Body {
  const { account } = texts
  return {
    title: account.brokers,
    nav,
    wide: true,
    content: (
      <>
        <h1>{account.brokers}</h1>
        <p class="lead">{account.brokersLead}</p>
        <NoticeBanner notice={notice} texts={texts} />
        {places.length === 0 && <p>{account.noBrokers}</p>}
        <ul class="rows">
          {places.map(({ broker, vhost, tags, open }) => {
            const name = fill(account.place, { vhost, broker })
            return (
              <li>
                <div>
                  <strong>{name}</strong>
                  <p class="hint">{tags.join(', ')}</p>
                </div>
                <PostForm form={open}>
                  <button type="submit" class="secondary small" aria-label={`${account.openManagement}: ${name}`}>
                    {account.openManagement}
                  </button>
                </PostForm>
              </li>
            )
          })}
        </ul>
      </>
    ),
  }
}

/** The policy allows the form to lead to the origin of this management UI and nowhere else. */
export function managementLoginPage(view: ManagementLoginView, { account, formPost }: Texts): Body {
  const { broker, vhost, action, fields } = view
  return {
    title: account.openManagement,
    scripts: ['form-post.js'],
    formTargets: [new URL(action).origin],
    content: (
      <>
        <h1>{account.openManagement}</h1>
        <p class="lead">{fill(account.opening, { vhost, broker })}</p>
        <FormAway action={action} fields={fields} submit={formPost.submit} />
      </>
    ),
  }
}
