import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'

/** Checks and tests everything; gives the exit code. */
export async function runSuite(report, server) {
  const bin = (name) => path.join(report.root, 'node_modules', '.bin', name)
  report.env.REDIS_SERVER = server

  // At once: each takes its time and one processor.
  await Promise.all([
    report.check('format', bin('prettier'), ['--check', '.']),
    report.check('lint', bin('oxlint'), []),
    report.check('types of tests and examples', bin('tsc'), ['-p', 'tsconfig.test.json']),
    report.check('unused exports, dependencies', bin('knip'), ['--no-config-hints']),
    report.check('import rules', bin('turbo'), ['boundaries']),
  ])
  await vitest(report, bin('vitest'), 'tests', ['packages', 'waiting', 'measuring'])
  await vitest(report, bin('vitest'), 'tarballs, docs and examples', ['checks'])
  return report.finish()
}

/** The files of the tests that have a long form, which SHALE_LONG_TESTS asks for. */
export function longTests(root) {
  const folders = ['packages', 'tooling'].flatMap((group) =>
    readdirSync(path.join(root, group)).map((name) => path.join(group, name, 'test')),
  )
  return folders
    .filter((folder) => existsSync(path.join(root, folder)))
    .flatMap((folder) => readdirSync(path.join(root, folder), { recursive: true }).map((name) => path.join(folder, name)))
    .filter((file) => file.endsWith('.test.ts') && readFileSync(path.join(root, file), 'utf8').includes('SHALE_LONG_TESTS'))
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
