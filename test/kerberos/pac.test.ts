/** The authorization data of a domain is signed, and still read as if it were not. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseLogonInfo } from '../../plugins/login/kerberos/pac.ts'

/** Of a ticket that Samba made for alice: a member of a global, a universal and a domain-local group. */
const ALICE = Buffer.from(
  [
    'ARAIAMzMzMywAQAAAAAAAAAAAgAAAAAAAAAAAP////////9//////////3+Eh1FeSHzdAYRHu4gRfd0BhAerU0md3QEKAAoABAACAAAA',
    'AAAIAAIAAAAAAAwAAgAAAAAAEAACAAAAAAAUAAIAAAAAABgAAgAAAAAATwQAAAECAAAEAAAAHAACACAAAAAAAAAAAAAAAAAAAAAAAAAA',
    'BgAIACAAAgAEAAYAJAACACgAAgAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQAAACwAAgAAAAAAAAAAAAAA',
    'AAAFAAAAAAAAAAUAAABhAGwAaQBjAGUAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    'AAAAAAAAAAAEAAAAAQIAAAcAAABQBAAABwAAAFIEAAAHAAAAUQQAAAcAAAAEAAAAAAAAAAMAAABEAEMAMQAAAAMAAAAAAAAAAgAAAEEA',
    'RAAEAAAAAQQAAAAAAAUVAAAAoa/6Dh0O2FodOIDkAQAAADAAAgAHAAAAAQAAAAEBAAAAAAASAQAAAA==',
  ].join(''),
  'base64',
)
const DOMAIN = 'S-1-5-21-251309985-1524108829-3833608221'

test('names the account, its identifier and every group', () => {
  expect(parseLogonInfo(ALICE)).toEqual({
    username: 'alice',
    domain: 'AD',
    sid: `${DOMAIN}-1103`,
    groups: [`${DOMAIN}-513`, `${DOMAIN}-1104`, `${DOMAIN}-1106`, `${DOMAIN}-1105`, 'S-1-18-1'],
  })
})

test('refuses every beginning of it', () => {
  // What fills it up to a multiple of eight says nothing.
  for (let length = 0; length < ALICE.length - 4; length++)
    expect(() => parseLogonInfo(ALICE.subarray(0, length))).toThrow(RangeError)
})

test('reads or refuses whatever it is given, and does nothing else', () => {
  const changed = fc
    .array(fc.tuple(fc.nat(ALICE.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 })
    .map((changes) => {
      const bytes = Buffer.from(ALICE)
      for (const [at, byte] of changes) bytes[at] = byte
      return new Uint8Array(bytes)
    })
  const property = fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 600 })), (bytes) => {
    try {
      expect(parseLogonInfo(bytes).sid).toStartWith('S-')
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError)
    }
  })
  fc.assert(property, { numRuns: 3_000 })
})
