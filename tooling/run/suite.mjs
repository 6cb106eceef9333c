import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'

/** Checks and tests everything; gives the exit code. */
export async function runSuite(report, server) {
  const bin = (name) => path.join(report.root, 'node_modules', '.bin', name)
  report.env.REDIS_SERVER = server

  await report.check('types of tests and examples', bin('tsc'), ['-p', 'tsconfig.test.json'])
  await report.check('lint', bin('oxlint'), [])
  await report.check('format', bin('prettier'), ['--check', '.'])
  await report.check('import rules', bin('turbo'), ['boundaries'])
  await report.check('unused exports, dependencies', bin('knip'), ['--no-config-hints'])
  await vitest(report, bin('vitest'), 'tests', ['packages', 'measuring'])
  await vitest(report, bin('vitest'), 'tarballs, docs and examples', ['checks'])
  return report.finish()
}

async function vitest(report, program, name, projects) {
  const results = path.join(report.root, 'temp', `${projects[0]}.json`)
  rmSync(results, { force: true })
  const args = [
    'run',
    ...projects.flatMap((project) => ['--project', project]),
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${results}`,
  ]
  await report.check(name, program, args, { count: () => countOf(results) })
}

function countOf(file) {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(file, 'utf8'))
    return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests }
  } catch {
    return undefined
  }
}
