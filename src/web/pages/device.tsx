import type { Body } from '../frame.ts'
import { fill } from '../locale.ts'
import { AskedFor, ClientLogo, logoOf, NoticeBanner, PostForm } from '../parts.tsx'
import { QrCode } from '../qr-code.tsx'
import type { Texts } from '../texts/en.ts'
import type { DeviceConfirmView, DeviceDoneView, DeviceView } from '../view.ts'
import { Decision, SignedIn } from './consent.tsx'

export function devicePage({ form, userCode = '', completeUri, notice }: DeviceView, texts: Texts): Body {
  const { device } = texts
  return {
    title: device.title,
    content: (
      <>
        <h1>{device.title}</h1>
        <p class="lead">{device.enter}</p>
        <NoticeBanner notice={notice} texts={texts} />
        <PostForm form={form}>
          <label for="user_code">{device.code}</label>
          <input
            id="user_code"
            name="user_code"
            class="code"
            type="text"
            value={userCode}
            autocomplete="off"
            autocapitalize="characters"
            spellcheck={false}
            required
            maxlength={20}
            autofocus
            {...(notice?.kind === 'error' && { 'aria-describedby': 'notice' })}
          />
          <button type="submit" class="primary">
            {device.submit}
          </button>
        </PostForm>
        {completeUri !== undefined && (
          <details>
            <summary>{device.phone}</summary>
            <QrCode text={completeUri} label={fill(device.qr, { url: completeUri })} />
          </details>
        )}
      </>
    ),
  }
}

export function deviceConfirmPage(view: DeviceConfirmView, texts: Texts): Body {
  const { form, userCode, client, account, scopes, vhosts, requestedFrom, otherAccountUrl } = view
  const { device } = texts
  const logo = logoOf(client)
  return {
    title: device.confirmTitle,
    ...(logo !== undefined && { images: [logo] }),
    content: (
      <>
        <ClientLogo client={client} />
        <h1>{device.confirmTitle}</h1>
        <SignedIn account={account} otherAccountUrl={otherAccountUrl} texts={texts} />
        <p>{device.confirm}</p>
        <p class="user-code">
          <code>{userCode}</code>
        </p>
        <dl class="facts">
          <dt>{device.application}</dt>
          <dd>{client.name}</dd>
          {requestedFrom !== undefined && (
            <>
              <dt>{device.from}</dt>
              <dd>{requestedFrom}</dd>
            </>
          )}
          <dt>{device.when}</dt>
          <dd>{ageOf(view, texts)}</dd>
        </dl>
        <AskedFor scopes={scopes} vhosts={vhosts} texts={texts} />
        <p class="notice info">{device.warn}</p>
        <Decision form={form} texts={texts} />
      </>
    ),
  }
}

function ageOf({ requestedAt, now }: DeviceConfirmView, { device }: Texts): string {
  const minutes = Math.floor((now - requestedAt) / 60_000)
  if (minutes < 1) return device.justNow
  return minutes === 1 ? device.minuteAgo : fill(device.minutesAgo, { count: minutes })
}

export function deviceDonePage({ allowed, client }: DeviceDoneView, { device }: Texts): Body {
  const title = allowed ? device.doneTitle : device.deniedTitle
  return {
    title,
    content: (
      <>
        <h1>{title}</h1>
        <p class="lead">{fill(allowed ? device.done : device.denied, { client: client.name })}</p>
      </>
    ),
  }
}
