import t from 'tap'
import { testProbes } from './cases/all.ts'

testProbes(t)
