/** The local source keeps the login contract, also with hashes that were taken over from older systems. */
import { test } from 'bun:test'
import { pbkdf2Sync } from 'node:crypto'
import { Value } from '@sinclair/typebox/value'
import local from '../../plugins/login/local/index.ts'
import { runLoginCase } from '../conformance/login/case.ts'
import { loginCases } from '../conformance/login/cases.ts'
import { loginConformance, type LoginSubject } from '../conformance/login-source.ts'

/** Cheap hashes, and everybody may wait: the kit asks two hundred times at once. */
const config = { memoryKib: 8_192, iterations: 1, maxWaiting: 10_000 }

const subject: LoginSubject = {
  open: (context) => local.open(Value.Parse(local.config, config), context),
  accounts: {
    right: { username: 'anna', password: 'Correct horse battery', externalId: 'p-1', groups: [] },
    other: { username: 'bert', password: 'another staple', externalId: 'p-2', groups: [] },
    lonely: { username: 'caro', password: 'lonely staple', externalId: 'p-3', groups: [] },
    foreign: { username: 'jürgen', password: 'pässwörd 秘密', externalId: 'p-4', groups: [] },
  },
  offers: ['passwordChange'],
  without: {
    crowded: 'it owns no groups',
    leaveGroups: 'it owns no groups',
    refused: 'who may log in is known to the host alone',
    disable: 'who may log in is known to the host alone',
    faults: 'there is nothing behind it that could break',
  },
  plugin: { plugin: local, config },
}

loginConformance('local', subject)

const SALT = 'older'
const OLDER: Readonly<Record<string, (password: string) => Promise<string>>> = {
  async pbkdf2(password) {
    return `pbkdf2_sha256$1000$${SALT}$${pbkdf2Sync(password, SALT, 1_000, 32, 'sha256').toString('base64')}`
  },
  bcrypt: (password) => Bun.password.hash(password, { algorithm: 'bcrypt', cost: 4 }),
}
/** A hash that was taken over costs what it always did, until its owner logs in. */
const TIMING = 'an unknown name takes as long as a wrong password'

for (const [kind, secret] of Object.entries(OLDER)) {
  const older: LoginSubject = {
    ...subject,
    async open(context) {
      const source = await subject.open(context)
      return { ...source, passwordChange: { secret, accepts: (text) => source.passwordChange?.accepts(text) ?? false } }
    },
  }
  const cases = loginCases.filter((one) => one.needs?.join() === 'password' && one.name !== TIMING)
  for (const one of cases)
    test(`local with ${kind} keeps the login contract > ${one.name}`, () => runLoginCase(one, older))
}
