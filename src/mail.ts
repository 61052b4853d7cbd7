/** The way to the mail server. It may be down at any time: nothing waits for it but the mail itself. */
import type { Transporter } from 'nodemailer'
import type { Environment } from './config/environment.ts'
import type { Config } from './config/schema.ts'
import { readSecret } from './config/secret.ts'
import type { Deliver } from './core/mail/mail.ts'

export interface MailServer {
  readonly deliver: Deliver
  /** Throws when the server cannot be reached or does not take our credentials. */
  readonly check: () => Promise<void>
}

/** Milliseconds; the server is near or not at all. */
const CONNECT = 5_000
const SILENCE = 15_000
/** Whoever asks for our health every second does not make us ask the mail server as often. */
const REMEMBERED = 30_000

/** `undefined` when no mail server is configured. Connects to nothing yet. */
export async function createMailServer(
  { mail }: Pick<Config, 'mail'>,
  { env, now }: { readonly env: Environment; readonly now: () => number },
): Promise<MailServer | undefined> {
  const { host, port, tls, username, from } = mail
  if (host === undefined) return undefined
  const pass = mail.password && (await readSecret(mail.password, 'mail.password', env))
  let opened: Promise<Transporter> | undefined
  let reachedAt = Number.NEGATIVE_INFINITY
  const transport = () => (opened ??= open())

  async function open(): Promise<Transporter> {
    const { createTransport } = await import('nodemailer')
    return createTransport({
      host,
      port,
      secure: tls === 'implicit',
      requireTLS: tls === 'starttls',
      ignoreTLS: tls === 'off',
      connectionTimeout: CONNECT,
      greetingTimeout: CONNECT,
      socketTimeout: SILENCE,
      disableFileAccess: true,
      disableUrlAccess: true,
      ...(username !== undefined && { auth: { user: username, pass: pass ?? '' } }),
    })
  }

  return {
    async deliver({ to, subject, text }) {
      // As an object, so that no character of an address makes a second one.
      await (await transport()).sendMail({
        from,
        to: { name: '', address: to },
        subject,
        text,
        headers: { 'auto-submitted': 'auto-generated' },
      })
    },
    async check() {
      if (now() - reachedAt < REMEMBERED) return
      await (await transport()).verify()
      reachedAt = now()
    },
  }
}
