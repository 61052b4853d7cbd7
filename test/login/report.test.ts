/** Both kits say how it went without a test runner. */
import { expect, test } from 'bun:test'
import { modelSubject } from '../conformance/login/model.ts'
import { loginMutants } from '../conformance/mutants-of-login.ts'
import { loginRun, runAll, storageRun, summary, tap } from '../conformance/report.ts'
import { openEmptySqlite } from '../harness/storage-sqlite.ts'

const TITLE = 'an empty name lets nobody in'

test('what passed, failed and was skipped is counted, and why is told', async () => {
  const broken = loginMutants.find(({ fails }) => fails.includes(TITLE))?.subject() ?? modelSubject()
  const { crowded: _crowded, ...accounts } = broken.accounts
  const some = loginRun({ ...broken, accounts }).filter(({ name }) =>
    /empty name|thousand groups|unknown name is/.test(name),
  )
  const told: string[] = []
  const results = await runAll(some, ({ outcome }) => told.push(outcome))
  expect(told).toEqual(['passed', 'failed', 'skipped'])
  expect(summary(results)).toMatchObject({ passed: 1, failed: 1, skipped: 1 })
  expect(tap(results)).toBe(`TAP version 14
1..3
ok 1 - an unknown name is "credentials", as a wrong password is
not ok 2 - ${TITLE}
  ---
  message: ${JSON.stringify(results[1]?.reason)}
  ...
ok 3 - an account in a thousand groups has all of them # SKIP nothing is said of crowded
`)
  expect(results[1]?.reason).toStartWith('BrokenPromise: Expected nobody to be let in')
})

test('cases about abilities that a source does not have are no cases', () => {
  const subject = modelSubject()
  const { redirect: _redirect, ...without } = subject
  expect(loginRun(subject).length - loginRun(without).length).toBe(7)
})

test('the storage kit runs the same way', async () => {
  const results = await runAll(storageRun(openEmptySqlite, []).slice(0, 12))
  expect(summary(results)).toMatchObject({ failed: 0 })
  const skipped = storageRun(openEmptySqlite, []).filter(({ skip }) => skip !== undefined)
  expect(skipped.map(({ skip }) => skip)).toContain('it takes processes')
})
