/** Basic OP: `oidcc-basic-certification-test-plan`. */
import { test, expect } from 'bun:test'
import { UnsecuredJWT } from 'jose'
import { basicModules } from './basic-modules.ts'
import { openPlan } from './basic-client.ts'

basicModules()

test('oidcc-idtoken-signature, oidcc-idtoken-unsigned', async () => {
  await using plan = await openPlan()
  const { body, claims } = await plan.tokens()
  const [header = ''] = String(body['id_token']).split('.')
  expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toMatchObject({
    alg: 'RS256',
    kid: expect.any(String),
  })
  // Nobody can have ID tokens without a signature, and none is taken for one of ours.
  const unsigned = new UnsecuredJWT(claims).encode()
  const landing = await plan.open({ prompt: 'none', id_token_hint: unsigned })
  expect(landing.away?.searchParams.get('error')).toBe('invalid_request')
})
