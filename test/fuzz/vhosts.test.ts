/** Whatever vhosts are called and whatever rules say of names: a token is for one vhost, in words the broker reads as meant. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import fc from 'fast-check'
import { decodeJwt } from 'jose'
import { bodyOf } from '../harness/server.ts'
import { failuresOf, type FuzzedServer, holds, startFuzzedServer, TIMEOUT } from './fuzzed-server.ts'
import { KNOWN } from './inputs.ts'
import { text } from './strange.ts'

let fuzzed: FuzzedServer
beforeAll(async () => {
  fuzzed = await startFuzzedServer()
})
afterAll(() => fuzzed[Symbol.asyncDispose]())

const SCOPE = /^rabbitmq\.(?:configure|write|read):([A-Za-z0-9_.~%-]+)\/([A-Za-z0-9_.~%*-]+)\/([A-Za-z0-9_.~%*-]*)$/

test(
  'a rule and a vhost of any name give a token for that vhost, or a refusal',
  async () => {
    const { server } = fuzzed
    const pattern = fc.oneof(
      text,
      fc.tuple(text, text).map((names) => names.join('/')),
    )
    const question = fc.record({
      vhost: text,
      read: fc.array(pattern, { maxLength: 3 }),
      write: fc.array(pattern, { maxLength: 3 }),
    })
    let issued = 0
    const property = fc.asyncProperty(question, async ({ vhost, read, write }) => {
      const rule = { subjectKind: 'user', subject: KNOWN.username, vhost, read, write }
      const made = await server.asAdmin('/rabbitmq/rules', { method: 'POST', json: rule })
      const answer = await server.asOperator('/control/token', {
        method: 'POST',
        json: { user: KNOWN.username, vhost },
      })
      const { scope, access_token } = await bodyOf(answer)
      if (made.ok) await server.asAdmin(`/rabbitmq/rules/${String((await bodyOf(made))['id'])}`, { method: 'DELETE' })
      expect([200, 400, 403]).toContain(answer.status)
      if (!answer.ok) return
      issued++
      expect(decodeJwt(String(access_token))['scope']).toBe(String(scope))
      for (const one of String(scope)
        .split(' ')
        .filter((each) => !each.startsWith('rabbitmq.tag:'))) {
        const [, place = '%'] = SCOPE.exec(one) ?? []
        expect([one, decodeURIComponent(place)]).toEqual([one, vhost])
      }
    })
    await holds(property, 3)
    expect(issued).toBeGreaterThan(20)
    expect(failuresOf(fuzzed)).toEqual([])
  },
  TIMEOUT,
)
