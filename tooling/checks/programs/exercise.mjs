import assert from 'node:assert/strict'

/** Uses the facade as a program would, on a server's URL or on an embedded store; throws where it does not behave. */
export async function exercise({ cbor, createCache, createMemoryStore }, url) {
  const options = { servers: url ?? createMemoryStore(), keyPrefix: 'exercise', errors: 'throw', timeout: '5s' }
  const cache = createCache(options)
  const article = { id: 7, title: 'Ärger im Hafen', tags: new Set(['port']), at: new Date(0), views: 12n, body: 'x'.repeat(300) }

  assert.equal(await cache.get('absent'), undefined)
  assert.equal(await cache.set('article:7', article), true)
  assert.deepEqual(await cache.get('article:7'), article)
  assert.deepEqual(await cache.setMany({ 'article:8': { id: 8 }, 'article:9': null }), [])
  assert.deepEqual(
    [...(await cache.getMany(['article:9', 'absent', 'article:8']))],
    [
      ['article:9', null],
      ['article:8', { id: 8 }],
    ],
  )

  await cache.set('hits', 41)
  assert.equal(await cache.incr('hits'), 42)
  await assert.rejects(cache.incr('absent'), { code: 'KEY_NOT_FOUND' })

  const lock = await cache.lock('job', { ttl: '5s' })
  assert.ok(lock)
  assert.equal(await cache.lock('job'), undefined)
  await lock.release()

  const next = createCache({ ...options, codec: cbor({ protocol: cbor().protocol === 1 ? 2 : 1 }) })
  const report = await next.reinsertKeys()
  assert.equal(report.rewritten, 3, JSON.stringify(report))
  assert.deepEqual(await next.get('article:7'), article)

  assert.equal(await cache.deletePattern('article:*'), 3)
  assert.equal(await cache.has('article:7'), false)
  assert.equal(await cache.get('hits'), 42)
  await cache.clear()
  assert.equal(await cache.get('hits'), undefined)
  await Promise.all([cache.close(), next.close()])
}
