import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { cancelAllocations } from '../../../services/relay-agent/coturn-cli.ts'
import { startFakeCli } from '../../helpers/fake-cli.ts'

const ALLOCATIONS = ['000000000000000001']

t.test('a connection that breaks while it is asked what is meant fails the kick, not the process', async t => {
  const cli = await startFakeCli(t)
  await t.rejects(cancelAllocations(cli.options, ALLOCATIONS, async () => {
    for (const socket of cli.sockets) socket.resetAndDestroy()
    // a whole connection of its own: the reset was heard of before
    const other = connect(cli.options)
    await once(other, 'data')
    other.destroy()
    return true
  }), { code: 'ECONNRESET' })
})

t.test('one that is given up meanwhile, for the question took too long, is not waited for', async t => {
  const cli = await startFakeCli(t)
  await t.rejects(cancelAllocations(cli.options, ALLOCATIONS, async () => {
    await cli.left()
    return true
  }), /did not answer in time/)
})

t.test('otherwise it is told to end each', async t => {
  const cli = await startFakeCli(t)
  let said = ''
  cli.conduct = socket => {
    socket.on('data', chunk => { said += chunk.toString() })
    socket.on('data', () => { socket.write('\r\n> ') })
    socket.write('Coturn-4.18.0\r\nEnter password:\r\n')
  }
  t.equal(await cancelAllocations(cli.options, ALLOCATIONS, async () => true), true)
  t.equal(said, `password\r\ncs ${ALLOCATIONS[0]}\r\n`)
})
