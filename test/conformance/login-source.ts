/**
 * The conformance kit of login sources: one case for every sentence that `src/plugin/login-source.ts` promises. A source's
 * own test is one call:
 *
 *     loginConformance('acme', {
 *       open: (context) => acme.open({ url }, context),
 *       accounts: { right: { username: 'anna', password: '…', externalId: '17', groups: ['billing'] } },
 *       offers: ['refresh'],
 *     })
 *
 * Cases about abilities that the source does not have are left out. What the subject does not say (an account in a
 * thousand groups, a way to break the directory) is reported as skipped, unless it says why it is `without`.
 */
import { describe, test } from 'bun:test'
import { concerns, lacking, type LoginSubject, runLoginCase } from './login/case.ts'
import { loginCases } from './login/cases.ts'

export type { Account, Accounts, LoginSubject } from './login/case.ts'

export function loginConformance(name: string, subject: LoginSubject): void {
  describe(`${name} keeps the login contract`, () => {
    for (const one of loginCases.filter((each) => concerns(each, subject))) {
      const missing = lacking(one, subject)
      if (missing.length === 0) test(one.name, () => runLoginCase(one, subject), 60_000)
      else test.skipIf(true)(`${one.name} (the subject says nothing of: ${missing.join(', ')})`, () => undefined)
    }
  })
}
