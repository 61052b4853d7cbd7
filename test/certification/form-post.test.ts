/** Form Post OP: `oidcc-formpost-basic-certification-test-plan`. */
import { expect, test } from 'bun:test'
import { openPlan } from './basic-client.ts'
import { basicModules } from './basic-modules.ts'

const FORM_POST = { response_mode: 'form_post' }

basicModules(FORM_POST)

test('the answer is a page with a form for the client, and is not kept', async () => {
  await using plan = await openPlan(FORM_POST)
  const { landing, fields } = await plan.authorize()
  const { status, headers, forms } = landing
  expect([status, landing.away]).toEqual([200, undefined])
  expect(headers.get('content-type')).toStartWith('text/html')
  expect(headers.get('cache-control')).toContain('no-store')
  expect(forms.map(({ action }) => action)).toEqual(['https://app.example/callback'])
  expect(landing.html).toMatch(/<form[^>]* method="post"/i)
  expect(landing.hops.join(' ')).not.toContain(String(fields['code']))
  expect(headers.get('content-security-policy')).toMatch(/form-action [^;]*https:/)
})
