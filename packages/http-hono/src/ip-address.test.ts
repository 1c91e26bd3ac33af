import { expect, test } from 'vitest'
import { ipAddress, networkOf } from './ip-address.ts'

test.each([
  { written: '192.0.2.1', address: '192.0.2.1', network: '192.0.2.1' },
  { written: ' 192.0.2.1 ', address: '192.0.2.1', network: '192.0.2.1' },
  { written: '192.0.2.1:4711', address: '192.0.2.1', network: '192.0.2.1' },
  { written: '::ffff:192.0.2.1', address: '192.0.2.1', network: '192.0.2.1' },
  { written: '::FFFF:c000:0201', address: '192.0.2.1', network: '192.0.2.1' },
  { written: '0:0:0:0:0:ffff:c000:201', address: '192.0.2.1', network: '192.0.2.1' },
  { written: '[::ffff:192.0.2.1]:4711', address: '192.0.2.1', network: '192.0.2.1' },
  { written: '2001:DB8::1', address: '2001:db8::1', network: '2001:db8:0:0::/64' },
  { written: '2001:db8:0:0:ffff::', address: '2001:db8:0:0:ffff::', network: '2001:db8:0:0::/64' },
  { written: '2001:db8:0:1::1', address: '2001:db8:0:1::1', network: '2001:db8:0:1::/64' },
  { written: '[2001:db8:1:2:3:4:5:6]', address: '2001:db8:1:2:3:4:5:6', network: '2001:db8:1:2::/64' },
  { written: '[2001:db8::1]:443', address: '2001:db8::1', network: '2001:db8:0:0::/64' },
  { written: 'fe80::1%eth0', address: 'fe80::1', network: 'fe80:0:0:0::/64' },
  { written: '::1', address: '::1', network: '0:0:0:0::/64' },
  { written: '::', address: '::', network: '0:0:0:0::/64' },
  { written: '1:2:3:4:5:6:7::', address: '1:2:3:4:5:6:7:0', network: '1:2:3:4::/64' },
])('$written is $address, counted as $network', ({ written, address, network }) => {
  expect(ipAddress(written)).toBe(address)
  expect(networkOf(written)).toBe(network)
})

test.each([
  '',
  'unknown',
  '192.0.2',
  '192.0.2.256',
  '1:2:3',
  'g::1',
  '[::1',
  '::1]',
  '192.0.2.1, 192.0.2.2',
  '10.0.0.0/8',
])('%j is no address, and counted as it is', (written) => {
  expect(ipAddress(written)).toBeUndefined()
  expect(networkOf(written)).toBe(written)
})
