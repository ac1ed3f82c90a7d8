import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import t from 'tap'
import { sidPrometheus } from '../../helpers/debian-sid.ts'
import { checkWithPromtool } from '../../helpers/promtool.ts'

// Prometheus 3: other ranges, other rules of naming, the same answers
const commands = sidPrometheus(t)
if (commands !== undefined) {
  checkWithPromtool(t, `${commands}/promtool`)
  t.test('the Alertmanager takes its configuration', async t => {
    const { status, stdout, stderr } = spawnSync(`${commands}/amtool`, ['check-config', resolve('infra/alertmanager/alertmanager.yml')], { encoding: 'utf8' })
    t.equal(status, 0, stdout + stderr)
  })
}
