/** An operator's own looks: what replaces what, that it stays safe, and that a fault is told at the start. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'bun:test'
import { ConfigError } from '../../src/config/fault.ts'
import { readTemplateFolder } from '../../src/config/template-folder.ts'
import { TemplateError } from '../../src/web/brand.ts'
import { createPages } from '../../src/web/create-pages.tsx'
import { PAGE_NAMES } from '../../src/web/page-table.ts'
import type { LoginView } from '../../src/web/view.ts'
import { temporaryFolder } from '../harness/storage-sqlite.ts'
import { workplace } from '../harness/command-line.ts'
import { elementsOf } from '../harness/markup.ts'
import { startTestServer } from '../harness/server.ts'
import { FRIENDLY, viewsWith } from './views.ts'

const BRAND = `
version = 1
productName = "Acme <Login>"

[[links]]
text = "Imprint"
url = "https://acme.example/imprint?a=1&b=2"

[texts.en.login]
title = "Welcome to Acme"
`
const LOGIN = `<h1>{{title}}</h1>{{> notice}}{{> _footer}}
<form method="post" action="{{form.action}}">{{> hidden}}
<label for="u">{{texts.login.username}}</label><input id="u" name="username" value="{{username}}">
<button>{{texts.login.submit}}</button></form><img src="{{assets.hero}}" alt="">`

function folderOf(files: Readonly<Record<string, string>>) {
  return { brand: { links: [], texts: {} }, files }
}

async function written(files: Readonly<Record<string, string | Uint8Array>>) {
  const folder = temporaryFolder()
  for (const [name, text] of Object.entries(files)) await Bun.write(join(folder.path, name), text)
  return folder
}

const login = (words = FRIENDLY): LoginView => {
  const [view] = viewsWith(words)
  if (view?.page !== 'login') throw new Error('Expected the login page')
  return view
}

test('name, links, texts, logo, styles and one page are the operator’s; other pages stay', async () => {
  using folder = await written({
    'brand.toml': BRAND,
    'login.mustache': LOGIN,
    '_footer.mustache': '<p>{{brand.productName}}</p>',
    'logo.png': new Uint8Array([1, 2, 3]),
    'hero.png': new Uint8Array([4]),
    'extra.css': 'body { --accent: #c00 }',
  })
  const pages = createPages({ base: '/idp', folder: await readTemplateFolder(folder.path) })
  const { html, headers } = pages.render(login())
  expect(html).toContain('<title>Welcome to Acme · Acme &lt;Login></title>')
  expect(html).toContain('<h1>Welcome to Acme</h1>')
  expect(html).toContain('<p>Acme &lt;Login&gt;</p>')
  expect(html).toContain('<input type="hidden" name="csrf" value="csrf-token">')
  expect(html).toContain('User name or password is wrong.')
  expect(html).toContain('href="https://acme.example/imprint?a=1&amp;b=2"')
  expect(headers['content-security-policy']).toContain("default-src 'none'")
  const urls = elementsOf(html).flatMap(({ attributes }) => attributes['src'] ?? attributes['href'] ?? [])
  const files = urls.filter((url) => url.startsWith('/idp/assets/')).map((url) => url.slice('/idp/assets/'.length))
  for (const name of ['logo', 'hero', 'extra', 'style'])
    expect(files.some((file) => file.startsWith(`${name}-`) && pages.asset(file)?.lasting)).toBe(true)
  expect(pages.asset('hero.png')).toMatchObject({ type: 'image/png', lasting: false })
  const [, factor] = viewsWith(FRIENDLY)
  expect(factor && pages.render(factor).html).toContain('Confirm that it is you')
})

test('what strangers wrote stays text in a template', () => {
  const pages = createPages({
    base: '',
    folder: folderOf({ 'login.mustache': '<h1 title="{{client.name}}">{{client.name}}</h1>' }),
  })
  const hostile = '"><script>alert(1)</script>{{username}}'
  const { html } = pages.render(login({ ...FRIENDLY, name: hostile }))
  const scripts = elementsOf(html).filter(({ name }) => name === 'script')
  expect(scripts.every(({ attributes }) => attributes['src'] !== undefined)).toBe(true)
  expect(html).toContain('{{username}}')
})

test.each([
  ['login.mustache', '{{{client.name}}}', 'would not escape'],
  ['login.mustache', '{{#a}}{{& client.name}}{{/a}}', 'would not escape'],
  ['_part.mustache', '{{#open}}', 'Unclosed section'],
  ['lgoin.mustache', '', 'there are login,'],
])('%s holding %s is refused', (name, text, message) => {
  const make = () => createPages({ base: '', folder: folderOf({ [name]: text }) })
  expect(make).toThrow(TemplateError)
  expect(make).toThrow(message)
})

test('a text that no page has, and a language without pages, are refused', () => {
  const texts = { en: { login: { titel: 'x' }, logn: { title: 'x' } }, fr: { login: { title: 'x' } } }
  const make = () => createPages({ base: '', folder: { brand: { links: [], texts }, files: {} } })
  for (const path of ['texts.en.login.titel', 'texts.en.logn.title', 'texts.fr']) expect(make).toThrow(path)
})

test.each([
  ['brand.toml', 'version = 2', 'version'],
  ['brand.toml', 'version = ', 'brand.toml'],
  ['brand.toml', 'version = 1\n[[links]]\ntext = "x"\nurl = "javascript:alert(1)"', 'links[0].url'],
  ['script.js', '', 'script.js'],
  ['Logo.PNG', '', 'Logo.PNG'],
])('a folder with %s holding %j is refused', async (name, text, message) => {
  using folder = await written({ [name]: text })
  const error = await readTemplateFolder(folder.path).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ConfigError)
  expect(String(error)).toContain(message)
})

test('a server draws with the folder, reads it anew on reload, and keeps the old looks on a fault', async () => {
  using folder = temporaryFolder()
  const templates = join(folder.path, 'looks')
  await mkdir(templates)
  await Bun.write(join(templates, 'extra.css'), 'body { color: red }')
  await using server = await startTestServer({ config: { web: { templates } }, path: '/idp' })
  const style = async () => (await server.fetch('/assets/extra.css')).text()
  expect(await style()).toBe('body { color: red }')
  await Bun.write(join(templates, 'extra.css'), 'body { color: blue }')
  await server.instance.reload(server.config)
  expect(await style()).toBe('body { color: blue }')
  await Bun.write(join(templates, 'nonsense.mustache'), '')
  const error = await server.instance.reload(server.config).catch((thrown: unknown) => thrown)
  expect(String(error)).toContain('nonsense.mustache')
  expect(await style()).toBe('body { color: blue }')
})

test('leveret config check looks into the folder', async () => {
  await using place = await workplace()
  await place.json(['init'])
  await mkdir(join(place.folder, 'looks'))
  await Bun.write(join(place.folder, 'looks', 'login.mustache'), '{{{client.name}}}')
  const file = join(place.folder, 'leveret.toml')
  await Bun.write(file, `${await Bun.file(file).text()}\n[web]\ntemplates = "looks"\n`)
  const { code, err } = await place.run(['config', 'check'])
  expect(code).toBe(1)
  expect(err).toContain('web.templates/login.mustache: uses {{{…}}}')
})

test('files of pages are served under the path of the public URL, to be kept for good', async () => {
  await using server = await startTestServer({ path: '/idp' })
  const page = createPages({ base: '/idp' }).render(login()).html
  const urls = elementsOf(page).flatMap(({ name, attributes }) =>
    ['link', 'script', 'img'].includes(name) ? (attributes['src'] ?? attributes['href'] ?? []) : [],
  )
  expect(urls.length).toBeGreaterThan(2)
  for (const url of urls.filter((each) => each.startsWith('/'))) {
    const answer = await server.fetch(url.replace(/^\/idp/, ''))
    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  }
  expect((await server.fetch('/assets/style-0000000000000000.css')).status).toBe(404)
})

test('the guide’s example is a folder that works', async () => {
  const guide = await Bun.file(join(import.meta.dir, '../../src/web/README.md')).text()
  const block = (language: string) => new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(guide)?.[1] ?? ''
  using folder = await written({ 'brand.toml': block('toml'), 'logged-out.mustache': block('html') })
  const pages = createPages({ base: '', folder: await readTemplateFolder(folder.path) })
  const { html } = pages.render({ version: 1, page: 'logged-out', loginUrl: '/auth/login' })
  expect(html).toContain('Goodbye')
  expect(html).toContain('Acme')
  for (const page of PAGE_NAMES) expect(guide).toContain(`\`${page}\``)
})
