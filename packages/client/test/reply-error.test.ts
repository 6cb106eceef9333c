import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { Endpoint } from '@shale/contracts'
import { connectionError, replyError } from '../src/server/reply-error.ts'

const endpoint: Endpoint = { host: 'h', port: 1, database: 0, name: 'h:1/0', username: 'u', password: 's3cret' }

describe('an error reply', () => {
  test.each([
    ['NOAUTH Authentication required.', 'SERVER_AUTH'],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'SERVER_AUTH'],
    ["NOPERM this user has no permissions to run the 'get' command", 'SERVER_AUTH'],
    [
      'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
      'SERVER_AUTH',
    ],
    ["READONLY You can't write against a read only replica.", 'SERVER_READONLY'],
    ["READONLY You can't write against a read only replica. script: 1b2, on @user_script:6.", 'SERVER_READONLY'],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'SERVER_OOM'],
    [
      "ERR Error running script (call to f_1b2): @user_script:6: @user_script: 6: -OOM command not allowed when used memory > 'maxmemory'.",
      'SERVER_OOM',
    ],
    ["ERR Error running script (call to f_1b2): @user_script:6: READONLY You can't write against a read only replica.", 'SERVER_READONLY'],
    ["@user_script: 3: -OOM command not allowed when used memory > 'maxmemory'.", 'SERVER_OOM'],
    ['LOADING Redis is loading the dataset in memory', 'SERVER_UNAVAILABLE'],
    ['BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.', 'SERVER_UNAVAILABLE'],
    ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 'SERVER_UNAVAILABLE'],
    ['CLUSTERDOWN The cluster is down', 'SERVER_UNAVAILABLE'],
    ['TRYAGAIN Multiple keys request during rehashing of slot', 'SERVER_UNAVAILABLE'],
    ['ERR max number of clients reached', 'SERVER_UNAVAILABLE'],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'CODEC_CORRUPT'],
    ['ERR DB index is out of range', 'CONFIG_INVALID'],
    ['ERR syntax error', 'SERVER_REPLY'],
    ['MOVED 3999 127.0.0.1:6381', 'SERVER_REPLY'],
    ["CROSSSLOT Keys in request don't hash to the same slot", 'SERVER_REPLY'],
  ])('%s', (message, code) => {
    const error = replyError(endpoint, new Error(message))
    expect(error.code).toBe(code)
    expect(error.message).toContain('h:1/0')
    if (code === 'CONFIG_INVALID') expect(error.message).toMatch(/database/)
    if (/^(MOVED|CROSSSLOT)/.test(message)) expect(error.message).toMatch(/node of a cluster/)
  })
})

describe('a connection error', () => {
  test.each([
    ['ECONNREFUSED', 'SERVER_UNAVAILABLE'],
    ['ECONNRESET', 'SERVER_UNAVAILABLE'],
    ['ENOTFOUND', 'SERVER_UNAVAILABLE'],
    ['ENOENT', 'SERVER_UNAVAILABLE'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'SERVER_AUTH'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'SERVER_AUTH'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'SERVER_AUTH'],
    ['CERT_HAS_EXPIRED', 'SERVER_AUTH'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'SERVER_AUTH'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'SERVER_AUTH'],
    ['EPROTO', 'SERVER_AUTH'],
  ])('%s', (code, expected) => {
    const error = connectionError(endpoint, Object.assign(new Error('what happened'), { code }), 'no connection')
    expect(error.code).toBe(expected)
    expect(error.message).toMatch(/h:1\/0.*what happened/)
    if (expected === 'SERVER_AUTH') expect(error.message).toMatch(/TLS/)
    expect((error.cause as { code: string }).code).toBe(code)
  })

  test.each([
    [{ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, endpoint, /as 'servername'/],
    [{ code: 'SELF_SIGNED_CERT_IN_CHAIN' }, endpoint, /the authority \('ca'\)/],
    [{ code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' }, endpoint, /a certificate of the client.*'cert' and 'key'/],
    [{ code: 'ECONNRESET', message: 'read ECONNRESET' }, { ...endpoint, tls: {} }, /hung up.*a certificate of the client/],
    [{ code: 'ECONNRESET', message: 'read ECONNRESET' }, endpoint, /hung up: if it speaks TLS/],
    [{ code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' }, { ...endpoint, tls: {} }, /ECONNREFUSED\)\. Check that the server runs/],
    [{ code: 'ENOENT', message: 'connect ENOENT /redis.sock' }, { ...endpoint, path: '/redis.sock' }, /Check that the server runs/],
    [{ code: 'ENOTFOUND', message: 'getaddrinfo ENOTFOUND h' }, endpoint, /ENOTFOUND h\)\. Check the host's name\.$/],
    [{ message: 'Unknown RESP type 72 "H"' }, endpoint, /Something other than a Redis or Valkey server answers there: check/],
    [{ message: 'Protocol error, got "H" as reply type byte' }, endpoint, /Something other than a Redis or Valkey server/],
  ])('%o: what to do', (error, place, message) => {
    expect(connectionError(place, Object.assign(new Error('what happened'), error), 'no connection').message).toMatch(message)
  })

  test('of several addresses tells of each', () => {
    const error = connectionError(
      endpoint,
      new AggregateError([new Error('connect ECONNREFUSED ::1:1'), new Error('connect ECONNREFUSED 127.0.0.1:1')], ''),
      'no connection',
    )
    expect(error.message).toMatch(/::1:1; .*127\.0\.0\.1/)
  })
})

test('what a library hangs on its errors, and what a server repeats, shows no secret', () => {
  const library = Object.assign(new Error("ERR unknown command 'AUTH', with args beginning with: 's3cret'"), {
    command: { name: 'AUTH', args: ['u', 's3cret'] },
  })
  for (const error of [replyError(endpoint, library), connectionError(endpoint, library, 'no connection')]) {
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('s3cret')
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('s3cret')
  }
})
