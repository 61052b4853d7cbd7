/** Redirect URIs: what may be registered, and when that of a request is one of them (rows 1 to 6 and 36 of the attack list). */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { matchesRedirectUri, redirectUriFault } from '../../src/core/clients/redirect-uri.ts'

const seed = Number(process.env['FUZZ_SEED'] ?? 11)

describe('at registration', () => {
  test.each([
    'https://app.example/callback',
    'https://app.example:8443/a?b=c&d=%20',
    'https://xn--bcher-kva.example/',
    'http://127.0.0.1/callback',
    'http://127.0.0.1:8080/callback',
    'http://[::1]/callback',
    'http://localhost:3000/callback',
  ])('%s is taken', (uri) => {
    expect(redirectUriFault(uri, true)).toBeUndefined()
    expect(redirectUriFault(uri, false)).toBeUndefined()
  })

  test('a private scheme is for public clients', () => {
    expect(redirectUriFault('com.example.app:/callback', false)).toBeUndefined()
    expect(redirectUriFault('com.example.app:/callback', true)).toBeString()
    expect(redirectUriFault('app:/callback', false)).toBeString()
  })

  test.each([
    'http://app.example/callback',
    'http://127.0.0.1:80@evil.example/',
    'http://localhost:80@evil.example/',
    'https://good.example@evil.example/',
    'https://user:pw@app.example/',
    'https://evil.example\\@good.example/',
    'https:\\\\evil.example/',
    'https:evil.example/cb',
    'https:/evil.example/cb',
    'https:///evil.example/cb',
    'http:127.0.0.1/cb',
    'http://localhost.evil.example/',
    'http://127.0.0.1.evil.example/',
    'http://[::ffff:127.0.0.1]/',
    'https://*.app.example/',
    'https://app.example/*',
    'https://app.example/#fragment',
    'https://app.example/#',
    'https://app.example/a b',
    'https://app.example/\n',
    '\thttps://app.example/',
    'https://app.example/\u0000',
    'https://аpp.example/',
    'https://app.example/<script>',
    '//evil.example/',
    '/callback',
    '',
    'javascript:alert(1)',
    'JavaScript:alert(1)//x.y',
    'java\tscript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'blob:https://app.example/x',
    'file:///etc/passwd',
    'about:blank',
    'view-source:https://app.example',
    `https://app.example/${'x'.repeat(2_000)}`,
  ])('%j is refused', (uri) => {
    expect(redirectUriFault(uri, true)).toBeString()
    expect(redirectUriFault(uri, false)).toBeString()
  })
})

describe('in a request', () => {
  const registered = [
    'https://app.example/callback',
    'http://127.0.0.1:8080/cb?a=1',
    'http://[::1]/cb',
    'http://localhost/cb',
  ]
  const matches = (uri: string) => matchesRedirectUri(registered, uri)

  test('what was registered matches, and loopback addresses with any port (RFC 8252 section 7.3)', () => {
    for (const uri of registered) expect(matches(uri)).toBe(true)
    for (const uri of ['http://127.0.0.1/cb?a=1', 'http://127.0.0.1:51004/cb?a=1', 'http://[::1]:51004/cb'])
      expect(matches(uri)).toBe(true)
  })

  test.each([
    // 1, 2: another host by user information, case, dots and tabs
    'http://127.0.0.1:80@evil.example/cb?a=1',
    'http://127.0.0.1:8080@evil.example/cb?a=1',
    'http://localhost:80@evil.example/cb',
    'https://app.example@evil.example/callback',
    'https://evil.example\\@app.example/callback',
    'https://app.example.evil.example/callback',
    'https://app.example\t/callback',
    'https://app.example\n/callback',
    'https://аpp.example/callback',
    // 3: nothing is normalised
    'https://app.example/x/../callback',
    'https://app.example/%2e%2e/callback',
    'https://app.example/callback/%252e%252e',
    'https://app.example/callback;x',
    'https://app.example\\callback',
    'https://app.example/callback/',
    'https://app.example/callback?',
    'https://app.example/callback#',
    'https://app.example:443/callback',
    'https://app.example/%63allback',
    // 4, 5: no pattern
    'https://sub.app.example/callback',
    'https://appXexample/callback',
    'https://app.example/callbackevil',
    // 6: the exception is about the port alone
    'https://127.0.0.1/cb?a=1',
    'http://127.0.0.1/cb?a=2',
    'http://127.0.0.1/cb',
    'http://127.0.0.1/CB?a=1',
    'http://127.0.0.2/cb?a=1',
    'http://[::1]/cb?a=1',
    'http://127.0.0.1:99999/cb?a=1',
    'http://127.0.0.1:/cb?a=1',
    'http://127.0.0.1:-1/cb?a=1',
    'http://127.0.0.1:8080:80/cb?a=1',
    'http://localhost:8080/cb',
    'http://LOCALHOST/cb',
    'http://[::1%25lo]/cb',
    'http://[0:0:0:0:0:0:0:1]/cb',
    '',
    'javascript:alert(1)',
  ])('%j matches nothing', (uri) => {
    expect(matches(uri)).toBe(false)
  })

  test('whatever matches leads where one of them leads, and only the port of a loopback address differs', () => {
    const pieces = fc.constantFrom(
      ...registered,
      ...Array.from('@:/\\.?#%;*\t\n0aA'),
      '127.0.0.1',
      'evil.example',
      'localhost',
      '//',
      '%2e',
    )
    const mutated = fc
      .tuple(fc.constantFrom(...registered), fc.nat(40), fc.nat(4), fc.array(pieces, { maxLength: 3 }))
      .map(([uri, at, drop, put]) => uri.slice(0, at) + put.join('') + uri.slice(at + drop))
    const property = fc.property(mutated, (uri) => {
      if (!matches(uri) || registered.includes(uri)) return
      const { protocol, hostname, pathname, search, hash, username, password } = new URL(uri)
      const same = registered
        .map((each) => new URL(each))
        .filter((known) => known.hostname === hostname && known.pathname === pathname && known.search === search)
      expect(same).toHaveLength(1)
      expect({ protocol, hash, username, password }).toEqual({
        protocol: 'http:',
        hash: '',
        username: '',
        password: '',
      })
      expect(['127.0.0.1', '[::1]']).toContain(hostname)
    })
    fc.assert(property, { seed, numRuns: 20_000 })
  })

  test('whatever may be registered is a whole address of a scheme that browsers hand over', () => {
    const texts = fc.string({
      unit: fc.constantFrom(
        ...Array.from('htps:/@\\.?#*aé1[] \t'),
        'https://',
        'http://127.0.0.1',
        'javascript:',
        'a.b:',
      ),
    })
    const property = fc.property(texts, fc.boolean(), (uri, confidential) => {
      if (redirectUriFault(uri, confidential) !== undefined) return
      const { protocol, username, password, hash, host } = new URL(uri)
      expect(username + password + hash).toBe('')
      expect(uri).not.toContain('*')
      if (protocol === 'https:' || protocol === 'http:') expect(host).not.toBe('')
      else expect({ confidential, private: protocol.includes('.') }).toEqual({ confidential: false, private: true })
    })
    fc.assert(property, { seed, numRuns: 20_000 })
  })
})
