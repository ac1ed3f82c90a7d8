import t from 'tap'
import { isPrivate } from '../../../../scripts/compose/detect-address.ts'

t.test('an address that others cannot reach is private, its neighbours are not', async t => {
  for (const address of ['10.0.0.1', '172.16.0.1', '172.31.255.254', '192.168.1.1', '100.64.0.1', '100.127.255.254']) t.equal(isPrivate(address), true, address)
  for (const address of ['9.255.255.255', '11.0.0.1', '172.15.0.1', '172.32.0.1', '192.167.0.1', '100.63.0.1', '100.128.0.1', '203.0.113.10']) t.equal(isPrivate(address), false, address)
})
