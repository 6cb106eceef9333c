import { readFileSync } from 'node:fs'
import { djangoIdentity } from '@shale/router'
import { expect, test } from 'vitest'

const golden = JSON.parse(readFileSync(new URL('golden/django-identities.json', import.meta.url), 'utf8')) as {
  location: string
  database?: number
  identity: string
}[]

test.each(golden)('$location is $identity', ({ location, database, identity }) => {
  expect(djangoIdentity(location, database === undefined ? {} : { database })).toBe(identity)
  if (database === undefined) expect(djangoIdentity(location)).toBe(identity)
})

test.each([
  ['', /found an empty string/],
  [undefined, /found undefined/],
  [7, /found the number 7/],
  [' 127.0.0.1:6379', /white space/],
  ['127.0.0.1:6379,127.0.0.1:6380', /a list/],
  ['localhost', /neither a port nor a path/],
  [':6379', /no host/],
  ['localhost:', /a port that is not a number/],
  ['localhost:s3cret', /a port that is not a number/],
  ['localhost:0', /from 1 to 65535/],
  ['localhost:65536', /from 1 to 65535/],
  ['localhost:+6379', /from 1 to 65535/],
  ['/tmp/s3cret:1', /a path with a colon/],
  ['redis://', /no host/],
  ['redis://:s3cret@', /no host/],
  ['redis://:s3cret', /no host/],
  ['redis://:s3/cret@host', /no host/],
  ['redis://host:s3cret', /no host, or a port/],
  ['redis://host:99999', /from 1 to 65535/],
  ['redis://host/s3cret', /a database/],
  ['redis://host/-1', /a database/],
  ['redis://host?db=x', /a database/],
  ['redis://host?unix_socket_path=/s3cret', /the parameter 'unix_socket_path'/],
  ['unix://', /no path/],
  ['unix:///tmp/a?port=1', /the parameter 'port'/],
  ['http://s3cret@host', /the scheme 'http:'/],
  ['1://s3cret', /a malformed URL/],
])('%j is refused, and not shown', (location, message) => {
  const refuse = (): string => djangoIdentity(location as string)
  expect(refuse).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) }))
  expect(refuse).toThrow(expect.objectContaining({ message: expect.stringMatching(/^location: expected one server of a Django LOCATION/) }))
  expect(refuse).not.toThrow(/s3/)
})

test.each([-1, 1.5, NaN, '1', null])('the database %s is refused', (database) => {
  expect(() => djangoIdentity('host:1', { database: database as number })).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(/^database: expected a whole number/) }),
  )
})

test('options that are unknown are refused', () => {
  expect(() => djangoIdentity('host:1', { db: 1 } as never)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(/unknown option the string "db"/) }),
  )
  expect(() => djangoIdentity('host:1', null as never)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
})
