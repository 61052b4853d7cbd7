/** Every page: nothing that a stranger wrote becomes markup, nothing inline, a structure that assistive technology can use. */
import { describe, expect, test } from 'bun:test'
import { createPages } from '../../src/web/create-pages.tsx'
import { type Element, elementsOf } from '../harness/markup.ts'
import { FRIENDLY, titleOf, viewsWith } from './views.ts'

const HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>\'&{{name}}</textarea></title>'
const hostile = { name: HOSTILE, username: `javascript:${HOSTILE}`, scope: HOSTILE, pattern: HOSTILE }
const pages = createPages({ base: '/idp' })
const languages = ['en', 'de']

function elements(html: string, name: string): readonly Element[] {
  return elementsOf(html).filter((element) => element.name === name)
}

describe.each(languages)('in %s', (language) => {
  const reader = { acceptLanguage: language }
  const outline = (words: typeof FRIENDLY) =>
    viewsWith(words).map((view) => elementsOf(pages.render(view, reader).html).map(({ name }) => name))

  test('hostile words add no element to any page', () => {
    expect(outline(hostile)).toEqual(outline(FRIENDLY))
  })

  for (const view of viewsWith(hostile)) {
    const { html, headers } = pages.render(view, reader)
    test(`${titleOf(view)} has no inline script, style or handler, and its policy allows none`, () => {
      for (const { name, attributes } of elementsOf(html)) {
        expect(Object.keys(attributes).filter((attribute) => /^on|^style$/.test(attribute))).toEqual([])
        expect(name).not.toBe('style')
        if (name === 'script') expect(attributes['src']).toMatch(/^\/idp\/assets\/[a-z-]+-[0-9a-f]{16}\.js$/)
        for (const url of [attributes['href'], attributes['src'], attributes['action']])
          if (url !== undefined) expect(url).toMatch(/^(?:\/(?!\/)|https:\/\/|#content$)/)
      }
      const policy = headers['content-security-policy'] ?? ''
      expect(policy).not.toContain('unsafe')
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).toContain("base-uri 'none'")
      expect(policy).toMatch(/form-action 'self'/)
    })

    test(`${titleOf(view)} says its language, has one heading, and every field has a label`, () => {
      const [root] = elements(html, 'html')
      expect(root?.attributes['lang']).toBe(language)
      expect(headers['content-language']).toBe(language)
      for (const once of ['main', 'h1', 'title', 'header']) expect(elements(html, once)).toHaveLength(1)
      const labels = elements(html, 'label').map(({ attributes }) => attributes['for'])
      for (const { attributes } of elements(html, 'input'))
        if (attributes['type'] !== 'hidden') expect(labels).toContain(attributes['id'] ?? '')
      const ids = elementsOf(html).flatMap(({ attributes }) => attributes['id'] ?? [])
      expect(new Set(ids).size).toBe(ids.length)
      for (const { attributes } of elements(html, 'img')) expect(attributes).toHaveProperty('alt')
    })

    test(`${titleOf(view)} sends the token against forgery with every form of ours`, () => {
      const forms = html.split('<form ').slice(1)
      for (const form of forms.filter((each) => each.includes('action="/')))
        expect(form).toContain('<input type="hidden" name="csrf" value="csrf-token"')
    })
  }
})

test('the fields that programs fill in are called username, password, otp, user_code', () => {
  const names = viewsWith(FRIENDLY).flatMap((view) =>
    elements(pages.render(view).html, 'input')
      .filter(({ attributes }) => attributes['type'] !== 'hidden')
      .map(({ attributes }) => attributes['name'] ?? ''),
  )
  for (const name of ['username', 'password', 'otp', 'user_code']) expect(names).toContain(name)
})

test('a logo or a link of a client that is not https is not shown', () => {
  for (const url of ['javascript:alert(1)', 'data:image/svg+xml,<svg/>', 'http://client.example/x.png', '//x', '']) {
    const [, , , consent] = viewsWith(FRIENDLY)
    if (consent?.page !== 'consent') throw new Error('Expected the consent page')
    const { html, headers } = pages.render({ ...consent, client: { name: 'X', logo: url, policyUri: url } })
    expect(elements(html, 'img')).toHaveLength(1)
    expect(elements(html, 'a').filter(({ attributes }) => attributes['href']?.includes('x.png'))).toEqual([])
    expect(headers['content-security-policy']).toContain("img-src 'self';")
  }
})

test('the policy names the picture of a client and cannot be ended by its address', () => {
  const [, , , consent] = viewsWith(FRIENDLY)
  if (consent?.page !== 'consent') throw new Error('Expected the consent page')
  const logo = "https://client.example/a;script-src *,b 'unsafe-inline'.png?x;y"
  const policy = pages.render({ ...consent, client: { name: 'X', logo } }).headers['content-security-policy'] ?? ''
  expect(policy).toContain("img-src 'self' https://client.example/a%3bscript-src%20*%2cb%20'unsafe-inline'.png;")
  expect(policy.match(/script-src/g)).toHaveLength(1)
})

test.each([
  ['https://rp.example/cb', "form-action 'self' https:;"],
  ['http://127.0.0.1:5000/cb', "form-action 'self' http://127.0.0.1:5000;"],
  ['http://[::1]:5000/cb', "form-action 'self' http:;"],
  ['com.example.app:/cb', "form-action 'self' com.example.app:;"],
  ['javascript:alert(1)', "form-action 'self';"],
  ['data:text/html,x', "form-action 'self';"],
  ['not a url; script-src *', "form-action 'self';"],
])('a form that leads to %s has the policy %s', (leadsTo, expected) => {
  const [login] = viewsWith(FRIENDLY)
  if (login?.page !== 'login') throw new Error('Expected the login page')
  expect(pages.render({ ...login, leadsTo }).headers['content-security-policy']).toContain(expected)
})

test.each([
  [{ uiLocales: 'fr de-AT en', acceptLanguage: 'en' }, 'de'],
  [{ acceptLanguage: 'fr;q=1, de;q=0.4, en;q=0.3' }, 'de'],
  [{ acceptLanguage: 'en;q=0, de;q=0.1' }, 'de'],
  [{ acceptLanguage: 'de;q=oops' }, 'en'],
  [{ acceptLanguage: '' }, 'en'],
  [{ uiLocales: 'tlh', acceptLanguage: null }, 'en'],
])('the reader %j reads %s', (reader, expected) => {
  const view = { version: 1, page: 'device-done', allowed: true, client: { name: 'X' } } as const
  expect(pages.render(view, reader).headers['content-language']).toBe(expected)
})

test('a name that repeats a text place is not filled in again', () => {
  const view = { version: 1, page: 'device-done', allowed: true, client: { name: '{client}{account}' } } as const
  expect(pages.render(view).html).toContain('{client}{account} on your device')
})
