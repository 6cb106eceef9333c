import { expect, test } from 'vitest'
import { brotli, bytes, cbor, gzip, json, msgpack, v8, type Cache, type CacheOptions } from '@shale/cache'
import { listed } from './operations.ts'
import { at } from './sites.ts'

const keys = { old: Buffer.alloc(32, 1), new: Buffer.alloc(32, 2) }
const accept = [cbor(), json(), msgpack(), bytes(), v8()]
const codecs = { cbor1: cbor({ protocol: 1 }), cbor2: cbor({ protocol: 2 }), json: json(), msgpack: msgpack(), bytes: bytes(), v8: v8() }
const compressions = { none: undefined, gzip: gzip({ threshold: 100 }), brotli: brotli({ threshold: 100 }) }
const encryptions = { none: undefined, old: { keys, current: 'old' }, new: { keys, current: 'new' } }
const value = { title: 'A title', lines: Array.from({ length: 30 }, (_, i) => ({ id: i, text: 'the same again' })) }
const valueOf = (codec: string): unknown => (codec === 'bytes' ? Buffer.from(JSON.stringify(value)) : value)

function optionsOf(codec: keyof typeof codecs, compression: keyof typeof compressions, encryption: keyof typeof encryptions): CacheOptions {
  return {
    codec: codecs[codec],
    accept,
    ...(compressions[compression] === undefined ? {} : { compression: compressions[compression] }),
    ...(encryptions[encryption] === undefined ? {} : { encryption: encryptions[encryption] }),
  }
}

/** When an entry expires: between these two moments. */
async function expiry(cache: Cache, key: string): Promise<readonly [from: number, to: number]> {
  const before = Date.now()
  const left = await cache.ttl(key)
  return [before + (left ?? Infinity), Date.now() + (left ?? Infinity)]
}

at('reinsertKeys on a mixed cache', ['embedded', 'TCP'], (site) => {
  test.each(['none', 'new'] as const)(
    'reports each entry once, and keeps value, ttl and time; encryption: %s',
    { timeout: 60_000 },
    async (encryption) => {
      const target = optionsOf('cbor2', 'gzip', encryption)
      const reader = site.cache({ ...target, encryption: { keys, current: 'new' } })
      const cache = encryption === 'new' ? reader : site.cache(target)
      const expected = { scanned: 0, rewritten: 0, current: 0, foreign: 0, undecodable: 0, changedMeanwhile: 0 }
      const count = (what: keyof typeof expected): void => {
        expected.scanned++
        expected[what]++
      }
      const written: { key: string; codec: string; createdAt: number | undefined; bytes: number; expires: readonly [number, number] }[] = []
      for (const codec of Object.keys(codecs) as (keyof typeof codecs)[]) {
        for (const compression of Object.keys(compressions) as (keyof typeof compressions)[]) {
          for (const encrypted of Object.keys(encryptions) as (keyof typeof encryptions)[]) {
            const key = `${codec} ${compression} ${encrypted}`
            const writer = site.cache(optionsOf(codec, compression, encrypted))
            await writer.set(key, valueOf(codec), { ttl: written.length % 5 === 0 ? null : 100_000 + written.length })
            const info = await reader.inspect(key)
            written.push({ key, codec, createdAt: info?.createdAt, bytes: info?.bytes ?? 0, expires: await expiry(reader, key) })
            if (encryption === 'none' && encrypted !== 'none') count('undecodable')
            else count(codec === 'cbor2' && compression === 'gzip' && encrypted === encryption ? 'current' : 'rewritten')
          }
        }
      }
      // Another version of the same keyspace, integers, and what is not ours.
      await site.cache(optionsOf('json', 'none', 'none')).set('elsewhere', value, { version: 7 })
      count('rewritten')
      await site.cache().set('integer', 42, { ttl: 200_000 })
      count(encryption === 'none' ? 'current' : 'rewritten')
      await site.put(`${site.prefix}:1:big`, '12345678901234567890')
      count('current')
      const left: Record<string, string | undefined> = {}
      const leave = async (stored: string, bytes: string | Uint8Array): Promise<void> => {
        await site.put(stored, bytes)
        left[stored] = await site.raw(stored)
      }
      for (const text of ['hello', '', ' 1', '01', '{"json":true}', '\x80\x04pickle']) {
        await leave(`${site.prefix}:1:foreign${text}`, text)
        count('foreign')
      }
      const whole = (await site.raw(`${site.prefix}:1:cbor2 none none`)) as string
      for (const [name, cut] of Object.entries({
        half: whole.slice(0, whole.length / 2),
        header: whole.slice(0, 5),
        future: `${whole.slice(0, 2)}\x63${whole.slice(3)}`,
      })) {
        await leave(`${site.prefix}:1:${name}`, Buffer.from(cut, 'latin1'))
        count('undecodable')
      }
      for (const stored of [
        `${site.prefix}x:1:other`,
        `x${site.prefix}:1:other`,
        `${site.prefix}:1`,
        `${site.prefix}:one:other`,
        site.prefix,
      ])
        await leave(stored, Buffer.from(whole, 'latin1'))
      const inner = site.cache(optionsOf('json', 'none', 'none')).namespace('inner')
      await inner.set('own', value)
      left[`${site.prefix}:inner:1:own`] = await site.raw(`${site.prefix}:inner:1:own`)
      const lock = await cache.lock('locked')
      if (site.isServer) {
        await site.server.command('RPUSH', `${site.prefix}:1:list`, 'a')
        await site.server.command('HSET', `${site.prefix}:1:hash`, 'a', 'b')
        count('foreign')
        count('foreign')
      }

      const all = (await listed(cache.keys())).sort()
      const progress: number[] = []
      const report = await cache.reinsertKeys({ onProgress: ({ scanned }) => void progress.push(scanned) })
      expect(report).toMatchObject(expected)
      expect(progress.length).toBeGreaterThan(1)
      expect(progress.at(-1)).toBe(report.scanned)
      expect(progress).toStrictEqual(progress.toSorted((a, b) => a - b))

      let before = 0
      let after = 0
      for (const { key, codec, createdAt, bytes: size, expires } of written) {
        expect(await reader.get(key), key).toStrictEqual(valueOf(codec))
        const info = await reader.inspect(key)
        const [from, to] = await expiry(reader, key)
        expect(from <= expires[1] + 1 && to >= expires[0] - 1, `${key}: ${from} to ${to} against ${expires.join(' to ')}`).toBe(true)
        if (encryption === 'none' && !key.endsWith(' none')) continue
        expect(info, key).toMatchObject({
          codec: 'cbor',
          protocol: 2,
          compression: 'gzip',
          encryptionKeyId: encryptions[encryption]?.current,
          createdAt,
        })
        if (key === `cbor2 gzip ${encryption}`) continue
        before += size
        after += info?.bytes ?? 0
      }
      expect(report.bytesBefore).toBeGreaterThanOrEqual(before)
      expect(report.bytesAfter).toBeGreaterThanOrEqual(after)
      expect(await cache.get('integer')).toBe(42)
      expect(await cache.get('big')).toBe(12345678901234567890n)
      expect(await reader.inspect('elsewhere', { version: 7 })).toMatchObject({ codec: 'cbor', protocol: 2 })
      for (const [stored, bytes] of Object.entries(left)) expect(await site.raw(stored), stored).toBe(bytes)
      expect((await listed(cache.keys())).sort()).toStrictEqual(all)
      expect(await lock?.release()).toBe(true)

      // A second run finds nothing to do.
      const again = await cache.reinsertKeys()
      expect(again).toMatchObject({
        ...expected,
        current: expected.current + expected.rewritten,
        rewritten: 0,
        bytesBefore: 0,
        bytesAfter: 0,
      })
    },
  )

  test('with a version it leaves the others alone', async () => {
    const old = site.cache({ codec: json() })
    for (const version of [1, 2, 3]) await old.setMany({ a: { n: version }, b: { n: version } }, { version })
    const cache = site.cache()
    expect(await cache.reinsertKeys({ version: 2 })).toMatchObject({ scanned: 2, rewritten: 2 })
    expect(await cache.inspect('a')).toMatchObject({ codec: 'json' })
    expect(await cache.reinsertKeys()).toMatchObject({ scanned: 6, rewritten: 4, current: 2 })
  })
})
