import process from 'node:process'
import { parseArgs } from 'node:util'
import { printReport } from './print.ts'
import { soak } from './soak.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    json: { type: 'boolean', default: false },
  },
})
const seconds = Number(values.seconds)
const seed = Number(values.seed)
if (!(seconds >= 10)) throw new Error(`--seconds is ${values.seconds}; it takes a number of at least 10`)
if (!Number.isSafeInteger(seed)) throw new Error(`--seed is ${values.seed}; it takes a whole number`)

const progress = values.json ? () => {} : (line: string) => console.log(line)
progress(`soak: ${seconds} s, seed ${seed}`)
const report = await soak({ seconds, seed, workers: 4, rate: 500, shards: 4, progress })
if (values.json) console.log(JSON.stringify(report))
else printReport(report)
process.exitCode = report.passed ? 0 : 1
