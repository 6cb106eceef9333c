import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import process from 'node:process'

const require = createRequire(import.meta.url)
for (const name of process.argv.slice(2)) {
  const imported = await import(name)
  const required = require(name)
  assert.ok(Object.keys(imported).length > 0, `${name} exports nothing`)
  assert.deepEqual(Object.keys(required).toSorted(), Object.keys(imported).toSorted(), name)
  assert.equal(required.ShaleError, imported.ShaleError, `${name}: one copy, however it is loaded`)
}
