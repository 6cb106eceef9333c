import { cpSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { startRedis, type RedisServer } from '@tooling/servers'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { note, run } from '../src/command.ts'
import { fetchRuntime, runtimes } from '../src/runtimes.ts'

/** The packed facade on each runtime: on the embedded store and on a server, imported and required. */
const folder = path.join(inject('consumer'), 'programs')
let server: RedisServer

beforeAll(async () => {
  cpSync(fileURLToPath(new URL('../programs', import.meta.url)), folder, { recursive: true })
  server = await startRedis()
})

afterAll(() => server.stop())

describe.each(runtimes)('$name', (runtime) => {
  let fetched: Awaited<ReturnType<typeof fetchRuntime>>

  beforeAll(async () => {
    fetched = await fetchRuntime(runtime)
    if ('missing' in fetched) note(`not tried on ${runtime.name}: ${fetched.missing}`)
  })

  for (const [program, last] of [
    ['from-esm.mjs', 'imported and exercised'],
    ['from-cjs.cjs', 'required and exercised'],
  ] as const) {
    test(program, async (context) => {
      if ('missing' in fetched) return context.skip(fetched.missing)
      const output = await run(fetched.program, [...runtime.args, path.join(folder, program), server.url], { cwd: folder, timeout: 60_000 })
      expect(output.trim().split('\n').at(-1)).toBe(last)
    })
  }
})
