import t from 'tap'
import { foreignAddresses } from '../../../services/domain/relay-addresses.ts'

t.test('a node may be where it was allowed to be, in any spelling, and nowhere else', async t => {
  t.same(foreignAddresses(['203.0.113.7', '10.0.0.7'], undefined), [], 'anywhere')
  t.same(foreignAddresses(['203.0.113.7', '10.0.0.7'], ['10.0.0.7', '203.0.113.7']), [])
  t.same(foreignAddresses(['203.0.113.7', '10.0.0.9'], ['203.0.113.7']), ['10.0.0.9'])
  t.same(foreignAddresses(['2001:DB8:0:0::1'], ['2001:db8::1']), [])
  t.same(foreignAddresses(['2001:db8::2', '::ffff:203.0.113.7', ':::'], ['2001:db8::1', '203.0.113.7']), ['2001:db8::2', '::ffff:203.0.113.7', ':::'])
})
