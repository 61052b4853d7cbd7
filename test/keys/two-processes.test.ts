import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { bodyOf, OPERATOR, startTestServer } from '../harness/server.ts'
import { until } from '../harness/until.ts'

test('a key that one server withdraws verifies at no other server on the same file', async () => {
  await using here = await startTestServer()
  const path = join(here.dataDir, 'leveret.db')
  await using there = await startTestServer({ config: { storage: { type: 'sqlite', path } } })
  expect((await here.asAdmin('/auth/session')).status).toBe(200)
  const token = await here.login({ ...here.admin, vhost: 'administration' })
  const describeThere = () => there.fetch('/auth/session', { headers: { authorization: `Bearer ${token}` } })
  expect((await describeThere()).status).toBe(200)

  const { keys } = here.instance.core
  const kid = keys.list().find(({ algorithm, state }) => algorithm === 'ES256' && state === 'active')?.kid ?? ''
  await keys.retire(kid, OPERATOR)
  const published = async () => JSON.stringify(await bodyOf(await there.fetch('/auth/oauth/jwks')))
  expect(await until(async () => !(await published()).includes(kid), 5_000)).toBe(true)
  expect((await describeThere()).status).toBe(401)
})
