import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Workplace, workplace } from '../harness/command-line.ts'

let place: Workplace
beforeAll(async () => {
  place = await workplace()
  await place.json(['init'])
  await place.json(['user', 'add', 'alice', '--no-password'])
})
afterAll(() => place[Symbol.asyncDispose]())

const update = (...words: string[]) => place.run(['user', 'update', 'alice', ...words])
const claim = (...claims: string[]) => update(...claims.flatMap((each) => ['--claim', each]))
const claims = async () => (await place.json<{ claims: object }>(['user', 'show', 'alice'])).claims

describe('standard claims of a person', () => {
  test('are set, shown and taken away, and leave the others as they are', async () => {
    expect((await claim('given_name=Alice', 'family_name=A = B', 'phone_number_verified=true')).out).toBe(
      'Changed user alice\n',
    )
    await claim('address.country=DE', 'address.locality=Ulm')
    await claim('address.locality=Bonn', 'nickname=Al')
    expect(await claims()).toEqual({
      given_name: 'Alice',
      family_name: 'A = B',
      phone_number_verified: true,
      nickname: 'Al',
      address: { country: 'DE', locality: 'Bonn' },
    })
    expect((await place.run(['user', 'show', 'alice'])).out).toMatch(
      /^given_name: +Alice\n(?:.*\n)*address\.country: +DE$/m,
    )
    await update('--claim', 'given_name=', '--unset-claim', 'family_name', '--unset-claim', 'address.country')
    expect(await claims()).toEqual({ phone_number_verified: true, nickname: 'Al', address: { locality: 'Bonn' } })
    await update('--unset-claim', 'address', '--unset-claim', 'phone_number_verified')
    expect(await claims()).toEqual({ nickname: 'Al' })
  })

  test('of the record itself are changed where it keeps them', async () => {
    const words = ['user', 'update', 'alice', '--email', 'alice@corp.internal', '--display-name', 'Alice Example']
    expect(await place.json(words)).toMatchObject({ email: 'alice@corp.internal', displayName: 'Alice Example' })
    expect((await place.run(['user', 'show', 'alice'])).out).toMatch(/^name: +Alice Example\nemail: +alice@corp/m)
    expect(await place.json(['user', 'update', 'alice', '--email', '', '--display-name', ''])).toMatchObject({
      email: null,
      displayName: null,
    })
  })

  test.each([
    [['--claim', 'givn_name=A'], 'unknown claim "givn_name"; did you mean "given_name"?'],
    [['--claim', 'iss=https://evil.example'], 'unknown claim "iss"; known: family_name, given_name'],
    [['--claim', 'constructor=A'], 'unknown claim "constructor"; known: '],
    [['--claim', 'name=A'], 'claim name is set with --display-name'],
    [['--claim', 'email=a@b.c'], 'claim email is set with --email'],
    [['--claim', 'address=Bonn'], 'claim address is set in parts: address.formatted, address.street_address'],
    [['--claim', 'email_verified=yes'], 'claim email_verified is true or false, not "yes"'],
    [['--claim', 'nickname'], '--claim takes NAME=VALUE, not "nickname"'],
    [['--claim', 'nickname=A', '--unset-claim', 'nickname'], 'claim nickname is given twice'],
    [['--claim', 'address.country=DE', '--unset-claim', 'address'], '--unset-claim address takes the whole address'],
    [['--unset-claim', 'nickame'], 'did you mean "nickname"?'],
    [[], 'there is nothing to change'],
  ])('%p is refused before anything is changed: %s', async (words, sentence) => {
    const before = await claims()
    const { code, err } = await update(...words)
    expect(code).toBe(2)
    expect(err).toContain(sentence)
    expect(await claims()).toEqual(before)
  })
})
