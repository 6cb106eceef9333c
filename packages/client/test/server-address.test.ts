import { describe, expect, test } from 'vitest'
import { ShaleError } from '@shale/contracts'
import { createStore, ioredis, nodeRedis, parseServer } from '@shale/client'
import { djangoRing, ketama } from '@shale/router'

const codeOf = (fn: () => unknown): ShaleError => {
  try {
    fn()
  } catch (error) {
    if (ShaleError.is(error)) return error
    throw error
  }
  throw new Error('expected an error')
}

describe('a server', () => {
  test.each([
    ['redis://localhost', { host: 'localhost', port: 6379, database: 0, name: 'localhost:6379/0' }],
    ['redis://localhost:7000/2', { host: 'localhost', port: 7000, database: 2, name: 'localhost:7000/2' }],
    ['redis://h/', { host: 'h', port: 6379, database: 0, name: 'h:6379/0' }],
    ['redis://h?db=4', { host: 'h', port: 6379, database: 4, name: 'h:6379/4' }],
    ['redis://:secret@h', { host: 'h', port: 6379, password: 'secret', database: 0, name: 'h:6379/0' }],
    ['redis://u:p%40%2F%23@h', { host: 'h', port: 6379, username: 'u', password: 'p@/#', database: 0, name: 'h:6379/0' }],
    ['redis://u:p@ss@h', { host: 'h', port: 6379, username: 'u', password: 'p@ss', database: 0, name: 'h:6379/0' }],
    ['redis://u:a/b#c?d@h', { host: 'h', port: 6379, username: 'u', password: 'a/b#c?d', database: 0, name: 'h:6379/0' }],
    ['redis://[::1]:7000', { host: '::1', port: 7000, database: 0, name: '[::1]:7000/0' }],
    ['::1', { host: '::1', port: 6379, database: 0, name: '[::1]:6379/0' }],
    ['rediss://h', { host: 'h', port: 6379, tls: { servername: 'h' }, database: 0, name: 'h:6379/0' }],
    ['rediss://10.0.0.1', { host: '10.0.0.1', port: 6379, tls: {}, database: 0, name: '10.0.0.1:6379/0' }],
    ['REDIS://h', { host: 'h', port: 6379, database: 0, name: 'h:6379/0' }],
    ['unix:///run/redis.sock', { path: '/run/redis.sock', database: 0, name: '/run/redis.sock' }],
    ['unix:///run/redis.sock?db=1', { path: '/run/redis.sock', database: 1, name: '/run/redis.sock?db=1' }],
    ['unix://u:p@/run/a%20b.sock', { path: '/run/a b.sock', username: 'u', password: 'p', database: 0, name: '/run/a b.sock' }],
    ['/run/redis,1.sock', { path: '/run/redis,1.sock', database: 0, name: '/run/redis,1.sock' }],
    ['h', { host: 'h', port: 6379, database: 0, name: 'h:6379/0' }],
    ['cache-1.example.com:6380', { host: 'cache-1.example.com', port: 6380, database: 0, name: 'cache-1.example.com:6380/0' }],
  ])('%s', (text, endpoint) => {
    expect(parseServer(text)).toEqual(endpoint)
  })

  test('takes from the defaults what it does not state', () => {
    const defaults = { username: 'u', password: 'p', database: 3, tls: { ca: 'CA' } }
    expect(parseServer('h', defaults)).toEqual({
      host: 'h',
      port: 6379,
      username: 'u',
      password: 'p',
      database: 3,
      tls: { ca: 'CA', servername: 'h' },
      name: 'h:6379/3',
    })
    expect(parseServer('redis://:own@h/1', { username: 'u', password: 'p', database: 3 })).toEqual({
      host: 'h',
      port: 6379,
      password: 'own',
      database: 1,
      name: 'h:6379/1',
    })
    expect(parseServer('redis://h/0', { database: 3 }).database).toBe(0)
    expect(parseServer('h', { tls: { servername: 'other' } }).tls).toEqual({ servername: 'other' })
  })

  test.each([
    ['', /empty/],
    [' h', /white space/],
    ['redis://', /no host/],
    ['redis://h:99999', /port/],
    ['redis://h:x', /port/],
    ['redis://h:0', /port/],
    ['redis://h/one', /database "one"/],
    ['redis://h/-1', /database/],
    ['redis://h/1.5', /database/],
    ['redis://h/1?db=2', /two databases/],
    ['redis://h?db=1&db=2', /two databases/],
    ['redis://h?timeout=1', /unknown parameter "timeout"/],
    ['redis://h#x', /no host/],
    ['redis://u:%zz@h', /%25/],
    ['redis://u@h', /user "u" without a password/],
    ['redis://h ost', /neither a name nor an address/],
    ['redis://[::x]', /neither a name nor an address/],
    ['unix://run/redis.sock', /absolute path/],
    ['unix:///a?x=1', /unknown parameter "x"/],
    ['http://h', /scheme 'http:'/],
    ['memory:', /./],
    ['redis://a,redis://b', /one server here; found a list of 2/],
    ['a,b,c', /one server here; found a list of 3/],
  ])('%s is refused', (text, message) => {
    const error = codeOf(() => parseServer(text))
    expect(error.code).toBe('CONFIG_INVALID')
    expect(error.message).toMatch(message)
  })

  test('is refused with contradictory TLS', () => {
    expect(codeOf(() => parseServer('rediss://h', { tls: false })).message).toMatch(/tls: false/)
    expect(codeOf(() => parseServer('/run/redis.sock', { tls: true })).message).toMatch(/Unix socket/)
  })

  test.each([
    'redis://u:s3cret@h:x',
    'redis://u:s3cret@',
    'redis://u:s3cret',
    'redis://:s3cret',
    'u:s3cret@h:70000',
    'redis://u:s3cret@h/x',
    'redis://u:a/s3cret@h/x',
    'redis://u:a?s3cret@h/x',
    'redis://h#s3cret',
    'foo://u:s3cret@h',
    'unix://u:s3cret@x',
    'redis://h?password=s3cret',
    'redis://u:s3cret%zz@h',
    'redis://u:a@s3cret@h:x',
    'redis://u:a/s3cret',
    'redis://u:1/2/s3cret!',
    ' redis://u:s3cret@h',
    'redis://u:s3cret@h,redis://u:s3cret@i',
    'redis:///u:s3cret',
    'redis://h/0?db=x&auth=s3cret',
  ])('%s is refused without its password', (text) => {
    const error = codeOf(() => parseServer(text))
    expect(error.code).toBe('CONFIG_INVALID')
    expect(`${error.message} ${error.stack}`).not.toContain('s3cret')
  })
})

describe('createStore', () => {
  test.each([
    [[], /at least one server/],
    [['redis://u:s3cret@a', 'redis://u:s3cret@a'], /each server once/],
    [{ primary: 'redis://u:s3cret@a', replicas: 5 }, /a list/],
    [undefined, /a server as text/],
    [42, /a server as text/],
  ])('refuses the servers %j', (servers, message) => {
    const error = codeOf(() => createStore(servers as never))
    expect(error.code).toBe('CONFIG_INVALID')
    expect(error.message).toMatch(message)
    expect(error.message).not.toContain('s3cret')
  })

  test.each([
    [{ passwort: 's3cret' }, /unknown option "passwort"; the known ones are username, password/],
    [{ readFrom: 'secondary' }, /readFrom: expected one of/],
    [{ router: 'jump' }, /router: expected a RouterFactory/],
    [{ router: djangoRing }, /router: expected a factory of routers; it gave a function. Call it: djangoRing\(\)\./],
    [{ router: () => undefined }, /it gave undefined\.$/],
    [{ previousServers: { servers: 'a', router: ketama } }, /Call it: ketama\(\)\./],
    [{ readYourWrites: 1 }, /readYourWrites/],
    [{ maxReplicaLag: 0 }, /maxReplicaLag/],
    [{ breaker: { failures: 0 } }, /breaker.failures/],
    [{ breaker: { probe: 'soon' } }, /breaker.probe/],
    [{ breaker: { failure: 1 } }, /breaker: unknown property "failure"/],
    [{ previousServers: [] }, /previousServers: servers: expected at least one server/],
    [{ previousServers: { servers: 'a', routers: 1 } }, /previousServers: unknown property "routers"/],
    [{ previousServers: 'redis://u:s3cret@a:x' }, /previousServers/],
    [{ keys: 'a*' }, /keys/],
    [{ leaseKey: 'a' }, /leaseKey/],
    [{ password: 5 }, /password: expected a string/],
    [{ password: '' }, /password/],
    [{ username: 5 }, /username/],
    [{ database: -1 }, /database/],
    [{ database: '1' }, /database/],
    [{ tls: 'yes' }, /tls/],
    [{ tls: { cipher: 'x' } }, /unknown option "cipher"/],
    [{ connectTimeout: 0 }, /connectTimeout/],
    [{ timeout: 'soon' }, /timeout/],
    [{ driver: {} }, /driver/],
    [{ driver: () => {} }, /driver/],
    [{ connections: 0 }, /connections/],
    [{ connections: 1.5 }, /connections/],
    [{ connections: { min: 2, max: 1 } }, /connections/],
    [{ connections: { max: 2 } }, /connections/],
    [{ connections: { min: 1, max: 2, most: 3 } }, /unknown option "most"/],
    [{ tls: new Map() }, /tls: expected true, false or an object; found an object of class Map/],
    [null, /createStore: expected its options as an object; found null/],
  ])('refuses the options %j', (options, message) => {
    const error = codeOf(() => createStore('h', options as never))
    expect(error.code).toBe('CONFIG_INVALID')
    expect(error.message).toMatch(message)
    expect(error.message).not.toContain('s3cret')
  })

  test.each([
    [{ clientName: 'a b' }, /clientName/],
    [{ name: 'x' }, /unknown option "name"/],
    [5, /object/],
  ])('a driver refuses the options %j', (options, message) => {
    for (const make of [nodeRedis, ioredis]) expect(codeOf(() => make(options as never)).message).toMatch(message)
  })

  test('takes a list of one', async () => {
    const store = createStore(['redis://h:7000'])
    expect(store.locate('key')).toEqual({ shard: 'h:7000/0', server: 'h:7000/0' })
    await store.close()
  })
})
