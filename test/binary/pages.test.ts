/** The pages, their files and what passkeys need are in the executable. */
import { expect, setDefaultTimeout, test } from 'bun:test'
import { freePort } from '../harness/broker.ts'
import { builtExecutable, serveExecutable } from '../harness/executable.ts'
import { htmlBrowser } from '../harness/html-browser.ts'
import { elementsOf } from '../harness/markup.ts'
import { temporaryFolder } from '../harness/plugins.ts'

setDefaultTimeout(60_000)

test('the login page comes with its style and script, and hands out options for a passkey', async () => {
  await using folder = await temporaryFolder()
  const port = freePort()
  const issuer = `http://localhost:${port}`
  await folder.write('leveret.toml', `publicUrl = "${issuer}"\nmasterKey = { env = "KEY" }\n[listen]\nport = ${port}\n`)
  const env = { KEY: Buffer.alloc(32, 7).toString('base64') }
  await using server = await serveExecutable({ executable: await builtExecutable(), folder: folder.path, env })
  const send = (path: string, init?: RequestInit) => fetch(issuer + path, { redirect: 'manual', ...init })
  const browser = htmlBrowser({ fetch: send, url: issuer, issuer })
  const login = await browser.open('/auth/login-page')
  expect([login.status, login.hops.length]).toEqual([200, 1])
  expect(login.html).toContain('Log in with a passkey')
  const files = elementsOf(login.html).flatMap(({ name, attributes }) =>
    name === 'link' || name === 'script' || name === 'img' ? [attributes['href'] ?? attributes['src'] ?? ''] : [],
  )
  expect(files).toHaveLength(4)
  for (const file of files) expect((await send(file)).status).toBe(200)

  const [form] = login.forms
  const options = await send('/auth/login/passkey-options', {
    method: 'POST',
    body: new URLSearchParams(form?.fields),
    headers: { cookie: [...browser.cookies].map((pair) => pair.join('=')).join('; ') },
  })
  expect(await options.json()).toMatchObject({
    rpId: 'localhost',
    challenge: expect.any(String),
    userVerification: 'required',
  })
  expect(await server.stop()).toBe(0)
})
