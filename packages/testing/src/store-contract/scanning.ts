import assert from 'node:assert/strict'
import { bytes, longTtl, put, read, scanned, type StoreCases } from './context.ts'
import type { Store } from '@shale/contracts'

const numbered = (name: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${name}:${index}`)

async function putAll(store: Store, keys: readonly string[]): Promise<void> {
  for (let at = 0; at < keys.length; at += 500) {
    await store.set(keys.slice(at, at + 500).map((key) => ({ key, value: bytes('1'), ttl: longTtl })))
  }
}

export const scanning: StoreCases = {
  'scan of an empty store gives no key': async ({ store }) => {
    assert.deepEqual(await scanned(store, '*'), [])
  },

  'scan gives every key that matches, and no other': async ({ store }) => {
    const users = numbered('user', 2500)
    await putAll(store, [...users, ...numbered('page', 2500)])
    assert.deepEqual(await scanned(store, 'user:*'), users.sort())
    assert.deepEqual(await scanned(store, 'user:12?'), numbered('user', 130).slice(120).sort())
    assert.equal((await scanned(store, '*')).length, 5000)
  },

  'scan reads globs as Redis does': async ({ store }) => {
    const cases: [glob: string, keys: string[]][] = [
      ['h?llo', ['hello', 'hallo', 'hxllo']],
      ['h*llo', ['hello', 'hallo', 'hxllo', 'hllo', 'heeeello']],
      ['h[ae]llo', ['hello', 'hallo']],
      ['h[^e]llo', ['hallo', 'hxllo']],
      ['h[a-e]llo', ['hello', 'hallo']],
      ['h[e-a]llo', ['hello', 'hallo']],
      ['h\\*llo', []],
      ['star\\*', ['star*']],
      ['star[*]', ['star*']],
      ['star?', ['star*', 'starx']],
      ['back\\\\slash', ['back\\slash']],
      ['\\[brackets\\]', ['[brackets]']],
      ['[brackets]', ['b']],
      ['caf?', []],
      ['caf??', ['café']],
      ['*é', ['café']],
      ['b', ['b']],
      ['B', []],
    ]
    await putAll(store, ['hello', 'hallo', 'hxllo', 'hllo', 'heeeello', 'star*', 'starx', 'back\\slash', '[brackets]', 'b', 'café'])
    for (const [glob, keys] of cases) assert.deepEqual(await scanned(store, glob), keys.sort(), `glob ${glob}`)
  },

  'scan gives what stays throughout, whatever comes and goes meanwhile': async ({ store }) => {
    const stays = numbered('stays', 3000)
    await putAll(
      store,
      stays.flatMap((key, index) => [key, `goes:${index}`]),
    )
    const seen = new Set<string>()
    let step = 0
    for await (const page of store.scan('stays:*')) {
      for (const key of page) seen.add(key)
      const at = step++ * 300
      assert.ok(step <= 2000, 'the scan goes on for as long as keys are added')
      await store.delete(numbered('goes', 3000).slice(at, at + 300))
      await putAll(store, numbered(`comes ${step}`, 20))
      await putAll(store, stays.slice(at % 3000, (at % 3000) + 100))
      await store.get(stays.slice(-500))
    }
    assert.deepEqual([...seen].sort(), stays.sort())
  },

  'what a scan gives may be deleted on the way': async ({ store }) => {
    await putAll(store, [...numbered('old', 3000), ...numbered('new', 100)])
    let count = 0
    for await (const page of store.scan('old:*')) count += (await store.delete(page)).count
    assert.equal(count, 3000)
    assert.deepEqual(await scanned(store, '*'), numbered('new', 100).sort())
  },

  'two scans do not disturb each other, and one may be left early': async ({ store }) => {
    const keys = numbered('key', 2500)
    await putAll(store, keys)
    const [one, other] = await Promise.all([scanned(store, '*'), scanned(store, 'key:*')])
    assert.deepEqual(one, other)
    assert.equal(one.length, 2500)
    for await (const page of store.scan('*')) if (page.length > 0) break
    assert.equal((await scanned(store, '*')).length, 2500)
  },

  'flush removes everything': async ({ store }) => {
    await putAll(store, numbered('key', 1200))
    await store.flush()
    assert.deepEqual(await scanned(store, '*'), [])
    assert.equal(await read(store, 'key:1'), undefined)
    await put(store, 'a', '1')
    assert.equal(await read(store, 'a'), '1')
  },
}
