import t from 'tap'
import { checkWithPromtool } from '../../helpers/promtool.ts'

// that of Debian, 2.42
checkWithPromtool(t, 'promtool')
