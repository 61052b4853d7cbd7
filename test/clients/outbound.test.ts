/** Requests to addresses that somebody else named (row 38 of the attack list): never into the own network unasked. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { createOutbound } from '../../src/outbound.ts'
import { type ServerCertificate, testCertificates } from '../harness/certificates.ts'

let asked: string[] = []
const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch(request) {
    const { pathname } = new URL(request.url)
    asked.push(`${request.headers.get('host')} ${pathname}`)
    if (pathname === '/redirect') return Response.redirect('http://169.254.169.254/latest/meta-data')
    if (pathname === '/large') return new Response('x'.repeat((1 << 20) + 1))
    if (pathname === '/packed')
      return new Response(Bun.gzipSync(new Uint8Array(50 << 20)), { headers: { 'content-encoding': 'gzip' } })
    if (pathname === '/silent') return new Promise(() => undefined)
    if (pathname === '/drip') return new Response(new ReadableStream({ start: (to) => to.enqueue('x') }))
    return new Response('{"keys":[]}', { headers: { 'content-type': 'Application/JSON; charset=utf-8' } })
  },
})
afterAll(() => server.stop(true))

const LOOPBACK = ['127.0.0.0/8', '::1']
const outbound = (allow: readonly string[] = [], resolve?: (name: string) => Promise<{ address: string }[]>) =>
  createOutbound({ allow: () => allow, timeout: () => 300, ...(resolve && { resolve }) })
/** Why it was not asked, or the status of the answer. */
const refusal = (asking: Promise<{ readonly status: number }>) =>
  asking.then(
    ({ status }) => String(status),
    (error: unknown) => String(error),
  )
const at = (path: string, host = '127.0.0.1') => `http://${host}:${server.port}${path}`

test.each([
  'http://127.0.0.1:PORT/',
  'http://localhost:PORT/',
  'http://127.1:PORT/',
  'http://2130706433:PORT/',
  'http://0x7f000001:PORT/',
  'http://0177.0.0.1:PORT/',
  'http://0.0.0.0:PORT/',
  'http://[::1]:PORT/',
  'http://[::]:PORT/',
  'http://[::ffff:127.0.0.1]:PORT/',
  'http://[::ffff:7f00:1]:PORT/',
  'http://[::127.0.0.1]:PORT/',
  'http://[64:ff9b::7f00:1]:PORT/',
  'http://[2002:7f00:1::]:PORT/',
  'http://169.254.169.254/latest/meta-data/',
  'http://[fd00:ec2::254]/latest/meta-data/',
  'http://[fe80::1]/',
  'http://10.0.0.1/',
  'http://172.16.0.1/',
  'http://192.168.0.1/',
  'http://100.64.0.1/',
  'http://198.18.0.1/',
  'http://224.0.0.1/',
  'http://255.255.255.255/',
])('%s is inside and not asked', async (url) => {
  asked = []
  expect(await refusal(outbound().get(url.replace('PORT', String(server.port)), '*/*'))).toContain(
    'inside the own network',
  )
  expect(asked).toEqual([])
})

test.each(['file:///etc/passwd', 'ftp://example.org/', 'data:text/plain,x', 'gopher://127.0.0.1/', 'unix:/run/x'])(
  '%s is no address to ask',
  async (url) => {
    expect(await refusal(outbound(LOOPBACK).get(url, '*/*'))).toContain('only http and https')
  },
)

test('an address with a password in it is not asked', async () => {
  asked = []
  expect(await refusal(outbound(LOOPBACK).get(at('/', 'user:pw@127.0.0.1'), '*/*'))).toContain('password')
  expect(asked).toEqual([])
})

test('what the configuration allows is asked, by its name', async () => {
  const answer = await outbound(LOOPBACK).get(at('/jwks', 'localhost'), 'application/json')
  expect(answer).toEqual({ status: 200, mediaType: 'application/json', body: '{"keys":[]}' })
  expect(asked.at(-1)).toBe(`localhost:${server.port} /jwks`)
})

test('a name with one address inside is not asked at its other one', async () => {
  for (const inner of ['127.0.0.1', '::ffff:10.0.0.1', '169.254.169.254', 'fe80::1']) {
    const both = async () => [{ address: '93.184.216.34' }, { address: inner }]
    expect(await refusal(outbound([], both).get(at('/', 'two.example'), '*/*'))).toContain('inside the own network')
  }
})

test('a name that becomes another address after the check is asked where it was checked', async () => {
  let count = 0
  const rebinding = async () => [{ address: count++ === 0 ? '127.0.0.1' : '127.0.0.2' }]
  const answer = await outbound(['127.0.0.1'], rebinding).get(at('/', 'rebinding.example'), '*/*')
  expect({ count, status: answer.status }).toEqual({ count: 1, status: 200 })
  expect(await refusal(outbound(['127.0.0.1'], rebinding).get(at('/', 'rebinding.example'), '*/*'))).toContain('inside')
})

test('a name without an address is an error of one sentence', async () => {
  expect(await refusal(outbound([], async () => []).get('https://nowhere.example/', '*/*'))).toContain('has no address')
})

test('a redirect is not followed', async () => {
  asked = []
  expect((await outbound(LOOPBACK).get(at('/redirect'), '*/*')).status).toBe(302)
  expect(asked).toHaveLength(1)
})

test.each(['/large', '/packed'])('an answer without end is not read to its end: %s', async (path) => {
  expect(await refusal(outbound(LOOPBACK).get(at(path), '*/*'))).toContain('larger than')
})

test.each(['/silent', '/drip'])('an answer that does not come is not waited for: %s', async (path) => {
  expect(await refusal(outbound(LOOPBACK).get(at(path), '*/*'))).toMatch(/timed out|abort/i)
})

test('a form is posted as a form', async () => {
  expect((await outbound(LOOPBACK).post(at('/logout'), { logout_token: 'x' })).status).toBe(200)
})

/** The connection goes to the address that was checked, the certificate is that of the name. */
const ASK = `
  const { createOutbound } = await import(${JSON.stringify(join(import.meta.dir, '../../src/outbound.ts'))})
  const resolve = async () => [{ address: '127.0.0.1' }]
  const outbound = createOutbound({ allow: () => ['127.0.0.1'], timeout: () => 5000, resolve })
  for (const name of ['keys.example', 'other.example', '127.0.0.1'])
    console.log(await outbound.get('https://' + name + ':' + process.env.PORT + '/', '*/*').then(({ status }) => status, () => 'refused'))
`
let certificates: Readonly<Record<'name' | 'address' | 'other', ServerCertificate>>
let caFile = ''
beforeAll(async () => {
  const made = await testCertificates()
  caFile = made.caFile
  certificates = {
    name: await made.issue('outbound-name', ['DNS:keys.example']),
    address: await made.issue('outbound-address', ['IP:127.0.0.1']),
    other: await made.issue('outbound-other', ['DNS:elsewhere.example']),
  }
})

test.each([
  ['name', ['200', 'refused', 'refused']],
  ['address', ['refused', 'refused', '200']],
  ['other', ['refused', 'refused', 'refused']],
] as const)('with a certificate for the %s, the names and the address give %p', async (which, expected) => {
  const { cert, key } = certificates[which]
  const tls = Bun.serve({ port: 0, hostname: '127.0.0.1', tls: { cert, key }, fetch: () => new Response('ok') })
  try {
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: caFile, PORT: String(tls.port) }
    const child = Bun.spawn([process.execPath, '-e', ASK], { env, stdout: 'pipe', stderr: 'inherit' })
    const said = (await new Response(child.stdout).text()).trim().split('\n')
    expect(said).toEqual([...expected])
  } finally {
    await tls.stop(true)
  }
})

test('authorities of the configuration are trusted, for the name that they certify', async () => {
  const { cert, key } = certificates.name
  const tls = Bun.serve({ port: 0, hostname: '127.0.0.1', tls: { cert, key }, fetch: () => new Response('ok') })
  try {
    const authorities = await Bun.file(caFile).text()
    const ask = async (name: string, given: string | undefined) => {
      const resolve = async () => [{ address: '127.0.0.1' }]
      const options = { allow: () => LOOPBACK, timeout: () => 5_000, authorities: () => given, resolve }
      return await refusal(createOutbound(options).get(`https://${name}:${tls.port}/`, '*/*'))
    }
    expect(await ask('keys.example', authorities)).toBe('200')
    expect(await ask('keys.example', undefined)).not.toBe('200')
    expect(await ask('other.example', authorities)).not.toBe('200')
  } finally {
    await tls.stop(true)
  }
})
