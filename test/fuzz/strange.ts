/** Texts and headers that have been somebody's undoing somewhere. */
import fc from 'fast-check'

const LONG = [190, 191, 1_025, 5_000].map((length) => 'x'.repeat(length))
const STRANGE = [
  ['', ' ', '.', '..', '../..', '/', '//', '\\', '%', '%2f', '%00', ':', ':unlock', '*', '#', '?', '&', '=', '+', ','],
  ['\0', '\r\nX-Injected: yes', '\u001b[31m', '\u2028', '\u202e', '\ud800', '\u{1f4a3}', 'ａｌｉｃｅ', 'İ', '\ufeff'],
  ["' OR 1=1 --", '"', '*)(uid=*', '<script>alert(1)</script>', '{vhost}', '$' + '{jndi:ldap://x}', '$(id)', '`id`'],
  ['.*', '(', '[', '(a+)+$', '^$', '{99999999}', '(?<n>x)\\k<m>'],
  ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'null', 'undefined', 'NaN', 'true', '[object Object]'],
  ['-1', '0', '1', '501', '2026-01-01', '9007199254740993', '1e309', '0x10', '3.10', '4.3', '99.99', '3.10.0'],
  [
    'https://evil.example/',
    'https://good@evil.example',
    'javascript:alert(1)',
    'http://[::1',
    '//evil.example',
    'data:,',
  ],
  ['openid', 'openid  profile', 'rabbitmq.read:prod/*', 'rabbitmq.tag:administrator', 'a.b:c/d/e', 'queue:orders'],
  [
    'password',
    'authorization_code',
    'refresh_token',
    'client_credentials',
    'urn:ietf:params:oauth:grant-type:x',
    'S256',
  ],
  LONG,
].flat()

export const text: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('alice', 'billing', 'main', 'prod', 'admin', 'carol@mail.example') },
  { weight: 4, arbitrary: fc.constantFrom(...STRANGE) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.string({ maxLength: 40 }) },
)

const VALUES = [
  ['', 'null', '*', '*/*', 'text/html', 'https://evil.example', '127.0.0.1', '::1', '0::0:0:0:0.0.0.0'],
  ['for="[::1]:x";proto=https', 'Basic YWxpY2U6', 'Bearer', 'Bearer a.b.c', 'Digest x', 'same-origin'],
].flat()
const NAMES = [
  ['accept', 'accept-language', 'authorization', 'cookie', 'dpop', 'forwarded', 'if-none-match', 'origin', 'range'],
  ['sec-fetch-mode', 'sec-fetch-site', 'x-forwarded-for', 'x-forwarded-host', 'x-http-method-override', 'x-request-id'],
].flat()
const printable = fc.string({ maxLength: 60 }).map((value) => value.replace(/[^\x20-\x7e]/g, '').trim())

export const headers = fc.dictionary(fc.constantFrom(...NAMES), fc.oneof(fc.constantFrom(...VALUES), printable), {
  maxKeys: 2,
})
