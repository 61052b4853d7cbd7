import { expect, test } from 'bun:test'
import { canonicalAddress, networkOf } from '../../src/core/address.ts'

test.each([
  ['192.0.2.7', '192.0.2.0/24'],
  ['::ffff:192.0.2.7', '192.0.2.0/24'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8::1', '2001:db8:0:0::/64'],
  ['2001:0db8:0000:0000::9', '2001:db8:0:0::/64'],
  ['1:2:3::', '1:2:3:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['garbage', undefined],
  ['', undefined],
])('the network of %s is %s', (ip, network) => {
  expect(networkOf(ip)).toBe(network)
})

test('what a proxy sends is read as an address or as none, never thrown at', () => {
  for (const text of ['0::0:0:0:0.0.0.0', '1::2:3:4:5:6.7.8.9', '::ffff:0.0.0.0', '%', '\0', '::1%\n'])
    expect(() => canonicalAddress(text)).not.toThrow()
  expect(canonicalAddress('0::0:0:0:0.0.0.0')).toBe('::')
})
