import t from 'tap'
import { sidTurnserver } from '../../helpers/debian-sid.ts'
import { testProbes } from './cases/all.ts'

const turnserver = sidTurnserver(t)
if (turnserver !== undefined) testProbes(t, turnserver)
