import t from 'tap'
import { slopeOf } from '../../../../scripts/live/least-squares.ts'

t.test('the slope of a straight line is its own', async t => {
  t.equal(slopeOf([0, 1, 2, 3].map(x => ({ x, y: 5 - 2 * x }))), -2)
})

t.test('a saw-tooth about a line leaves the slope nearly as it is', async t => {
  const points = Array.from({ length: 360 }, (_, index) => ({ x: index / 12, y: 100 + 0.2 * index / 12 + (index % 7) }))
  t.ok(Math.abs(slopeOf(points) - 0.2) < 0.05)
})

t.test('one reading has no slope', async t => {
  t.ok(Number.isNaN(slopeOf([{ x: 1, y: 1 }])))
})
