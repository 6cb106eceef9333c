import { describe, expect, test } from 'vitest'
import { ShaleError } from '@shale/contracts'
import { parseServers } from '@shale/client'

const errorOf = (servers: unknown, defaults?: object): ShaleError => {
  try {
    parseServers(servers, defaults)
  } catch (error) {
    if (ShaleError.is(error)) return error
    throw error
  }
  throw new Error('expected an error')
}
const named = (servers: unknown): unknown[] => parseServers(servers).map(({ name }) => name)

describe('servers of one text', () => {
  test.each([
    ['redis://a', ['a:6379/0']],
    ['redis://a,redis://b', ['a:6379/0', 'b:6379/0']],
    ['redis://a, rediss://b:7000/2', ['a:6379/0', 'b:7000/2']],
    ['a,b:7000,::1', ['a:6379/0', 'b:7000/0', '[::1]:6379/0']],
    ['a, b', ['a:6379/0', 'b:6379/0']],
    ['redis://:pa,ss@a', ['a:6379/0']],
    ['redis://u:p,a,s,s@a,redis://:p,@b', ['a:6379/0', 'b:6379/0']],
    ['/run/redis,1.sock', ['/run/redis,1.sock']],
    ['/run/a.sock,/run/b.sock', ['/run/a.sock', '/run/b.sock']],
    ['/run/a.sock,redis://b', ['/run/a.sock', 'b:6379/0']],
    ['unix:///run/a,1.sock?db=2,unix:///run/b.sock', ['/run/a,1.sock?db=2', '/run/b.sock']],
    ['redis://h/0,redis://h/1', ['h:6379/0', 'h:6379/1']],
  ])('%s', (text, names) => {
    expect(named(text)).toEqual(names)
  })

  test('a password keeps its commas', () => {
    expect(parseServers('redis://u:p,1@a,redis://:,@b')).toMatchObject([
      { endpoint: { username: 'u', password: 'p,1' } },
      { endpoint: { password: ',' } },
    ])
  })

  test.each([
    ['redis://a,', /after which no server begins/],
    ['redis://a,b', /after which no server begins/],
    ['redis://a,,redis://b', /after which no server begins/],
    [',redis://a', /nothing/],
    ['a,,b', /nothing/],
    ['a,', /nothing/],
    ['redis://u:s3cret@a,u:s3cret@b', /cannot be told/],
    ['redis://a:6379,u:s3cret@b', /cannot be told/],
    ['redis://a,u:s3cret@b', /cannot be told/],
    ['u:s3cret@a,b', /begins with no scheme/],
    ['a,u:s3cret@b', /begins with no scheme/],
    ['redis://:s3cret@a,http://b', /scheme 'http:'/],
    [' redis://a', /white space/],
    ['redis://a ', /white space/],
    ['redis://a,redis://b ', /white space/],
  ])('%s is refused', (text, message) => {
    const error = errorOf(text)
    expect(error.code).toBe('CONFIG_INVALID')
    expect(error.message).toMatch(message)
    expect(`${error.message} ${error.stack}`).not.toContain('s3cret')
  })
})

describe('shapes of servers', () => {
  test('a list is of shards, by their addresses or by name', () => {
    expect(
      parseServers(['redis://a', { name: 'eu', weight: 2, primary: 'redis://b', replicas: ['c', { server: 'd', weight: 3 }] }]),
    ).toMatchObject([
      { kind: 'server', name: 'a:6379/0', weight: undefined, endpoint: { host: 'a' } },
      {
        ...{ kind: 'replicas', name: 'eu', weight: 2, primary: { host: 'b' } },
        replicas: [
          { endpoint: { host: 'c' }, weight: 1 },
          { endpoint: { host: 'd' }, weight: 3 },
        ],
      },
    ])
  })

  test('replicas are read in the database of their primary, with the same defaults', () => {
    const defaults = { password: 'secret', database: 3, tls: true }
    expect(parseServers({ primary: 'redis://a/1', replicas: ['b', 'redis://:own@c/1'] }, defaults)).toMatchObject([
      {
        ...{ name: 'a:6379/1', primary: { database: 1, password: 'secret' } },
        replicas: [
          { endpoint: { database: 1, password: 'secret', tls: { servername: 'b' } } },
          { endpoint: { database: 1, password: 'own' } },
        ],
      },
    ])
  })

  test('sentinels have a port, and logins, of their own; their shard is named for the master', () => {
    const [shard] = parseServers(
      { sentinels: ['redis://s1', 'redis://:own@s2:5000'], master: 'mymaster' },
      { password: 'secret', database: 3 },
    )
    expect(shard).toMatchObject({
      ...{ kind: 'sentinels', name: 'mymaster', master: 'mymaster' },
      sentinels: [
        { host: 's1', port: 26379, database: 0 },
        { host: 's2', port: 5000, password: 'own' },
      ],
    })
    expect(shard).not.toHaveProperty('sentinels.0.password')
  })

  test('servers that sentinels name are reached as these are over TLS, unless it is stated', () => {
    const ca = { ca: 'CA' }
    const tlsOf = (stated: object, tls?: boolean | object, sentinels = ['redis://s1']): unknown => {
      const [shard] = parseServers({ sentinels, master: 'm', ...stated }, { tls })
      return shard?.kind === 'sentinels' && [shard.sentinels.map((one) => one.tls !== undefined), shard.servers.tls]
    }
    const secure = ['rediss://s1']
    expect(tlsOf({})).toEqual([[false], false])
    expect(tlsOf({}, undefined, secure)).toEqual([[true], true])
    expect(tlsOf({}, undefined, ['s1', 'rediss://s2'])).toEqual([[false, true], true])
    expect(tlsOf({}, false)).toEqual([[false], false])
    expect(tlsOf({}, ca)).toEqual([[true], ca])
    expect(tlsOf({ tls: true })).toEqual([[false], true])
    expect(tlsOf({ tls: ca })).toEqual([[false], ca])
    expect(tlsOf({ tls: true }, ca)).toEqual([[true], ca])
    expect(tlsOf({ tls: ca }, true)).toEqual([[true], ca])
    expect(tlsOf({ tls: false }, ca)).toEqual([[true], false])
    expect(tlsOf({ tls: false }, undefined, secure)).toEqual([[true], false])
    expect(tlsOf({ tls: ca }, false)).toEqual([[false], ca])
  })

  test('nodes of a cluster that are no seeds are reached over TLS as it was stated', () => {
    const tlsOf = (cluster: string[], tls?: boolean | object): unknown => {
      const [shard] = parseServers({ cluster }, { tls })
      return shard?.kind === 'cluster' && shard.tls
    }
    expect(tlsOf(['redis://n1'])).toBeUndefined()
    expect(tlsOf(['rediss://n1'])).toEqual({})
    expect(tlsOf(['n1'], true)).toEqual({})
    expect(tlsOf(['rediss://n1'], { servername: 'n1' })).toEqual({ servername: 'n1' })
  })

  test('shards of all kinds, and one group of sentinels for several', () => {
    const servers = [
      { sentinels: ['s1', 's2'], master: 'm1' },
      { sentinels: ['s1', 's2'], master: 'm2', weight: 2 },
      { name: 'c', cluster: ['n1:7000', 'n2:7000'] },
      '/run/redis.sock',
    ]
    expect(named(servers)).toEqual(['m1', 'm2', 'c', '/run/redis.sock'])
  })

  test('alone a replica set and a cluster need no name', () => {
    expect(named({ primary: 'a', replicas: ['b'] })).toEqual(['a:6379/0'])
    expect(named([{ primary: 'a', replicas: ['b'] }])).toEqual(['a:6379/0'])
    expect(named({ cluster: ['n1:7000', 'n2:7000'] })).toEqual(['n1:7000/0'])
  })

  test.each([
    [undefined, /servers: expected a server as text/],
    [[], /at least one server; found an empty list/],
    [['redis://u:s3cret@a,redis://b'], /servers: expected one server here; found a list of 2/],
    [['a', 5], /servers\[1\]: expected a server as text.*found the number 5/],
    [[['redis://u:s3cret@a']], /servers\[0\].*an array of 1/],
    [{}, /of the properties primary, sentinels and cluster one; found none/],
    [{ primary: 'a', cluster: ['b'] }, /found primary and cluster/],
    [{ primary: 'a', replica: 'redis://u:s3cret@b' }, /unknown property "replica"; the known ones are name, weight, primary, replicas/],
    [{ primary: 'a', replicas: 'redis://u:s3cret@b' }, /servers.replicas: expected a list.*found a string/],
    [{ primary: 'a', replicas: [{ server: 'b', wieght: 1 }] }, /servers.replicas\[0\]: unknown property "wieght"/],
    [{ primary: 'a', replicas: ['b/1'] }, /the database 0, as that of the primary; found the database 1, of b:6379\/1/],
    [{ primary: ['a'] }, /servers.primary: expected one server as text/],
    [['a', { primary: 'b', replicas: ['c'] }], /servers\[1\]: expected a name.*failover; found none/],
    [['a', { primary: 'b' }], /servers\[1\]: expected a name/],
    [['a', { cluster: ['b'] }], /servers\[1\]: expected a name/],
    [['a', { name: 'a:6379/0', primary: 'b' }], /a name of its own for each shard; found "a:6379\/0" at 0 and at 1/],
    [['a', 'redis://a'], /each server once; found a:6379\/0 twice\. Leave it out in one place\./],
    [['a', 'memory:'], /found 'memory:', which is no server\. A cache that is embedded names it alone/],
    [{ primary: 'memory:?maxBytes=1' }, /found 'memory:', which is no server/],
    [new URL('redis://u:s3cret@a'), /expected a server as text.*; found a URL object, whose text is its href/],
    [[new URL('redis://u:s3cret@a')], /servers\[0\]: .*; found a URL object/],
    [{ primary: new URL('redis://u:s3cret@a') }, /servers.primary: .*; found a URL object/],
    [{ primary: 'a', replicas: [{ server: new URL('redis://u:s3cret@a') }] }, /replicas\[0\].server: .*; found a URL object/],
    [['a/1', { name: 'x', primary: 'b', replicas: ['a'] }], /each server once; found a:6379\/0 in "a:6379\/1" and in "x"/],
    [[{ name: 'x', primary: 'b', replicas: ['a'] }, 'a/1'], /each server once; found a:6379\/1 in "x" and in "a:6379\/1"/],
    [{ primary: 'a', replicas: ['b', 'b'] }, /b:6379\/0 twice in "a:6379\/0"/],
    [{ primary: 'a', replicas: ['a'] }, /a:6379\/0 twice/],
    [{ sentinels: ['a'] }, /servers.master: expected what the sentinels call/],
    [{ sentinels: [], master: 'm' }, /servers.sentinels: expected at least one server/],
    [{ sentinels: ['a', 'a'], master: 'm' }, /a:26379\/0 twice/],
    [{ cluster: ['a', 'a'] }, /twice/],
    [{ cluster: ['rediss://a', 'b'] }, /all reached over TLS, or all without; found a:6379\/0 with, and b:6379\/0 without/],
    [{ cluster: ['a', 'rediss://b'] }, /found b:6379\/0 with, and a:6379\/0 without/],
    [{ sentinels: ['a'], master: 'm', tls: 'yes' }, /servers.tls: expected true, false or an object; found the string "yes"/],
    [{ sentinels: ['a'], master: 'm', tls: { cipher: 'x' } }, /servers.tls: unknown option "cipher"/],
    [{ cluster: ['a/1'] }, /servers.cluster: expected nodes with a host.*found a:6379\/1/],
    [{ cluster: ['/run/redis.sock'] }, /servers.cluster: expected nodes with a host/],
    [[{ name: 'x', weight: 0, primary: 'a' }], /servers\[0\].weight: expected a number above zero; found 0/],
    [{ name: '', primary: 'a' }, /servers.name: .*found an empty string/],
  ])('%j is refused', (servers, message) => {
    const error = errorOf(servers)
    expect(error.code).toBe('CONFIG_INVALID')
    expect(error.message).toMatch(message)
    expect(`${error.message} ${error.stack}`).not.toContain('s3cret')
  })

  test('the option database does not suit a cluster', () => {
    expect(errorOf({ cluster: ['a'] }, { database: 1 }).message).toMatch(/the database 0/)
  })

  test('what cannot be read is refused, and what is read is read once', () => {
    const trap = {
      get primary(): string {
        throw new Error('no')
      },
    }
    expect(errorOf(trap)).toMatchObject({ code: 'CONFIG_INVALID', cause: { message: 'no' } })
    let reads = 0
    parseServers({
      get primary() {
        return ++reads === 1 ? 'a' : 5
      },
    })
    expect(reads).toBe(1)
  })
})
