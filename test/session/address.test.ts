import { expect, test } from 'bun:test'
import { isIP } from 'node:net'
import fc from 'fast-check'
import { addressFits, boundAddress } from '../../src/core/session/address.ts'

test.each([
  ['192.0.2.10', '192.0.2.10', '192.0.2.0/24'],
  ['::ffff:192.0.2.10', '192.0.2.10', '192.0.2.0/24'],
  ['::FFFF:C000:020A', '192.0.2.10', '192.0.2.0/24'],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8::7:1', '2001:db8::7:1', '2001:db8:0:0::/64'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['fe80::1%eth0', 'fe80::1', 'fe80:0:0:0::/64'],
  ['0:0:0:0::0.0.0.0', '::', '0:0:0:0::/64'],
  ['1:0:0:2:0:0:0:3', '1:0:0:2::3', '1:0:0:2::/64'],
  ['0:0:1::', '0:0:1::', '0:0:1:0::/64'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0', '1:2:3:4::/64'],
  ['10:0:0:a0:0:0:0:0', '10:0:0:a0::', '10:0:0:a0::/64'],
  ['::', '::', '0:0:0:0::/64'],
  ['::1', '::1', '0:0:0:0::/64'],
  ['unknown', 'unknown', 'unknown'],
])('%s is bound as %s or %s', (ip, exact, subnet) => {
  expect(boundAddress(ip, 'exact')).toBe(exact)
  expect(boundAddress(ip, 'subnet')).toBe(subnet)
  expect(boundAddress(ip, 'off')).toBeNull()
})

test('a caller on the local socket has no address to bind to', () => {
  expect(boundAddress(undefined, 'exact')).toBeNull()
})

test('exact binding takes the same address in any spelling and nothing else', () => {
  const bound = boundAddress('192.0.2.10', 'exact')
  expect(addressFits(bound, '::ffff:192.0.2.10')).toBe(true)
  expect(addressFits(bound, '192.0.2.11')).toBe(false)
  expect(addressFits(bound, undefined)).toBe(false)
  expect(addressFits(boundAddress('2001:db8::1', 'exact'), '2001:0db8:0000::0001')).toBe(true)
})

test('subnet binding takes the network and nothing else', () => {
  const bound = boundAddress('192.0.2.10', 'subnet')
  expect(addressFits(bound, '192.0.2.255')).toBe(true)
  expect(addressFits(bound, '::ffff:192.0.2.1')).toBe(true)
  expect(addressFits(bound, '192.0.3.10')).toBe(false)
  const wide = boundAddress('2001:db8::1', 'subnet')
  expect(addressFits(wide, '2001:db8::ffff:1')).toBe(true)
  expect(addressFits(wide, '2001:db8:0:1::1')).toBe(false)
})

test('any address fits what was bound to it, however it was bound', () => {
  const addresses = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string())
  fc.assert(
    fc.property(addresses, fc.constantFrom('off', 'exact', 'subnet'), (ip, mode) => {
      expect(addressFits(boundAddress(ip, mode), ip)).toBe(true)
    }),
  )
})

test('the canonical spelling is another spelling of the same address', () => {
  fc.assert(
    fc.property(fc.ipV6(), (ip) => {
      const spelled = boundAddress(ip, 'exact') ?? ''
      expect(isIP(spelled)).toBeGreaterThan(0)
      expect(boundAddress(spelled, 'exact')).toBe(spelled)
      expect(boundAddress(spelled, 'subnet')).toBe(boundAddress(ip, 'subnet'))
    }),
  )
})
