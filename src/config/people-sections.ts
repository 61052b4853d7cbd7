/** What concerns people who log in: second factors and mail. */
import { Type as t } from '@sinclair/typebox'
import { path, secret, section, word } from './shapes.ts'

export const Factors = section('Second factors: authenticator apps, codes by mail, recovery codes, passkeys.', {
  demandGroups: t.Array(t.String({ minLength: 1 }), {
    default: [],
    description: 'Members of these groups need a second factor to log in.',
    expect: 'a list of group names',
  }),
  passwordless: t.Boolean({ default: true, description: 'Whether a passkey alone may log in.' }),
  rpId: t.Optional(
    t.String({
      pattern: '^[a-z0-9.-]+$',
      expect: 'a host name such as "corp.internal"',
      description:
        'Domain that passkeys are bound to for good: the host of `publicUrl` or a domain above it. Default: that host. ' +
        'Set it before the host changes, so that passkeys go on working.',
    }),
  ),
})

export const Mail = section('Mail for one-time codes. Without `host` none is sent, and mail is no second factor.', {
  host: t.Optional(t.String({ minLength: 1, description: 'Mail server (SMTP).' })),
  port: t.Integer({ default: 587, minimum: 1, maximum: 65535, description: 'Its port.' }),
  tls: word(['starttls', 'implicit', 'off'], {
    default: 'starttls',
    description: '`starttls` insists on it; `implicit` is TLS from the first byte, on port 465; `off` for localhost.',
  }),
  username: t.Optional(t.String({ minLength: 1, description: 'User name at the mail server.' })),
  password: t.Optional(secret({ description: 'Password at the mail server.' })),
  from: t.String({
    default: 'leveret@localhost',
    minLength: 3,
    description: 'Address that mails come from, such as `Login <login@corp.internal>`.',
  }),
})

export const Web = section('The pages that people see.', {
  templates: t.Optional(
    path({ description: 'Folder with a logo, styles, texts and pages of your own; read at start and on reload.' }),
  ),
})
