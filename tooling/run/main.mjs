import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { findRedis } from './redis.mjs'
import { install } from './install.mjs'
import { Report, StepFailed } from './report.mjs'
import { longTests, runSuite } from './suite.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))

const usage = `What is it to be?
  npm start [-- --serve] [-- --json]   install, build and run examples/newsroom
  npm test [-- --json]                 install, build, check and test everything
  npm run test:long                    the tests that npm test runs shortened, in full
  npm run build                        install and build
  npm run test:runtimes                the packed packages on every runtime
  npm run api                          bring the API reports up to date
  npm run bench [-- --json]            measure against the bare client
  npm run soak [-- --json]             use a sharded cache for ten minutes while its servers fail`

/** Runs one command of the root package.json; gives the exit code. */
export async function main([command, ...args]) {
  const json = args.includes('--json')
  const report = new Report({ json, root })
  try {
    switch (command) {
      case 'start':
        await prepare(report, '@example/newsroom')
        return await report.handOver('node', ['examples/newsroom/dist/main.js', ...args])
      case 'test': {
        const server = await findRedis(report)
        await prepare(report)
        return await runSuite(report, server)
      }
      case 'long': {
        const server = await findRedis(report)
        await prepare(report)
        return await report.handOver(bin('vitest'), ['run', ...longTests(root), ...args], { REDIS_SERVER: server, SHALE_LONG_TESTS: '1' })
      }
      case 'runtimes': {
        const server = await findRedis(report)
        await prepare(report)
        return await report.handOver(bin('vitest'), ['run', '--project', 'checks', 'runtimes', ...args], { REDIS_SERVER: server })
      }
      case 'build':
        await prepare(report)
        return 0
      case 'api':
        await prepare(report)
        return await report.handOver(bin('vitest'), ['run', '--project', 'checks', 'api-report', ...args], { SHALE_API: 'update' })
      case 'bench': {
        const server = await findRedis(report)
        await prepare(report, '@tooling/bench')
        return await report.handOver('node', ['tooling/bench/run.mjs', ...args], { REDIS_SERVER: server })
      }
      case 'soak': {
        const server = await findRedis(report)
        await prepare(report, '@tooling/soak')
        return await report.handOver('node', ['tooling/soak/dist/main.js', ...args], { REDIS_SERVER: server })
      }
      default:
        console.error(usage)
        return 1
    }
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error
    console.error(`\n${error.message}`)
    if (command === 'test') report.abandon()
    return 1
  }
}

/** Installs, and builds one workspace package with what it needs, or all. */
async function prepare(report, only) {
  await install(report)
  await report.step('build', bin('turbo'), ['run', 'build', '--output-logs=errors-only', ...(only ? [`--filter=${only}`] : [])])
}

function bin(name) {
  return path.join(root, 'node_modules', '.bin', name)
}
