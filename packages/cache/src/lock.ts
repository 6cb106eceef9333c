import { randomBytes } from 'node:crypto'
import { parseDuration, parsePositiveDuration, ShaleError, describe, type Duration } from '@shale/contracts'
import { aborted, checkSignal, type CallOptions } from './call-options.ts'
import { answersOf, type Core } from './core.ts'
import type { Scope } from './scope.ts'

/** Options of `lock`. */
export interface LockOptions extends CallOptions {
  /** How long the lock is held unless it is renewed or released; `'10s'` by default. */
  readonly ttl?: Duration | undefined
  /** How long to wait for a lock that another holds; 0 by default. */
  readonly wait?: Duration | undefined
  /** Renew the lock while this process lives and it is not released; `false` by default. */
  readonly extend?: boolean | undefined
  /** Gives up waiting (`ABORTED`). */
  readonly signal?: AbortSignal | undefined
}

/** A lock that is held. */
export interface Lock extends AsyncDisposable {
  /** The key that was locked. */
  readonly key: string
  /** Aborted, with a `LOCK_LOST` error, when the lock is not, or may not be, ours any more. */
  readonly signal: AbortSignal
  /** Gives the lock back; `false` if it was not ours any more, in which case nothing is touched. */
  release(): Promise<boolean>
  /**
   * Holds the lock for another ttl from now, the lock's own by default.
   *
   * @throws ShaleError `LOCK_LOST` if it was not ours any more.
   */
  extend(ttl?: Duration): Promise<void>
}

/** The longest pause between two tries for a lock, in milliseconds. */
const longestPause = 100
const shortestPause = 5

const known: readonly (keyof LockOptions)[] = ['ttl', 'wait', 'extend', 'signal', 'version']

/** Takes the lock of a key, or gives `undefined` if another held it for all of `wait`. */
export async function acquire(scope: Scope, key: string, options: LockOptions = {}): Promise<Lock | undefined> {
  const { core } = scope
  scope.stored(key, options, known, 'lock')
  const stored = scope.keyspace.bookkeeping('lock', key, options.version)
  const ttl = parsePositiveDuration(options.ttl === undefined ? '10s' : options.ttl, 'ttl')
  const wait = parseWait(options.wait)
  checkSignal(options.signal, 'lock')
  if (options.extend !== undefined && typeof options.extend !== 'boolean') {
    throw new ShaleError('CONFIG_INVALID', `lock: expected option 'extend' to be true or false; found ${describe(options.extend)}.`)
  }
  // A random owner token, and release by compare-and-delete, as https://redis.io/docs/latest/develop/clients/patterns/distributed-locks/ has it.
  const token = new TextEncoder().encode(randomBytes(16).toString('hex'))
  const giveUpAt = core.clock.now() + wait
  for (let pause = shortestPause; ; pause = Math.min(pause * 2, longestPause)) {
    if (options.signal?.aborted === true) throw aborted('lock', options.signal)
    const asked = core.clock.now()
    const [answer] = await answersOf(core.store.add([{ key: stored, value: token, ttl }]), 1)
    if (answer === true) return new HeldLock(core, key, stored, token, ttl, asked, options.extend === true)
    if (ShaleError.is(answer)) {
      // The try may have taken the lock without our knowing: nobody else should wait for it.
      void answersOf(core.store.swap([{ key: stored, expected: token, value: undefined }]), 1)
      core.demand(answer, stored)
    }
    const left = giveUpAt - core.clock.now()
    if (left <= 0) return undefined
    await pauseFor(core, Math.min(left, pause * (0.5 + core.random() / 2)), options.signal)
  }
}

function parseWait(wait: Duration = 0): number {
  const ms = parseDuration(wait, 'wait')
  if (ms >= 0) return ms
  throw new ShaleError('CONFIG_INVALID', `wait: expected a duration of zero or more; found ${describe(wait)}.`)
}

function pauseFor(core: Core, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      core.clock.clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = core.clock.setTimeout(done, ms, true)
    signal?.addEventListener('abort', done)
  })
}

/** When to renew a lock: after a third of its ttl; nearer its end, after a failed try, in half of what is left. */
function renewAfter(left: number, ttl: number): number {
  return left <= shortestPause ? left : Math.max(shortestPause, Math.min(ttl / 3, left / 2))
}

class HeldLock implements Lock {
  readonly key: string
  readonly #core: Core
  readonly #stored: string
  readonly #token: Uint8Array
  readonly #ttl: number
  readonly #renews: boolean
  readonly #abort = new AbortController()
  /** When the server may let go of the lock, counted from before the command that took or renewed it was sent. */
  #expiresAt: number
  #timer: unknown

  constructor(core: Core, key: string, stored: string, token: Uint8Array, ttl: number, asked: number, renews: boolean) {
    this.key = key
    this.#core = core
    this.#stored = stored
    this.#token = token
    this.#ttl = ttl
    this.#renews = renews
    this.#expiresAt = asked + ttl
    this.#watch()
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  async release(): Promise<boolean> {
    this.#core.clock.clearTimeout(this.#timer)
    this.#timer = undefined
    const swap = { key: this.#stored, expected: this.#token, value: undefined }
    const [answer] = await answersOf(this.#core.store.swap([swap]), 1)
    return this.#core.demand(answer, this.#stored)
  }

  async extend(ttl?: Duration): Promise<void> {
    const ms = ttl === undefined ? this.#ttl : parsePositiveDuration(ttl, 'ttl')
    // Whoever listens to the signal has stopped: a server that has not let go yet makes no difference.
    const renewed = !this.#abort.signal.aborted && this.#core.demand(await this.#renew(ms), this.#stored)
    if (!renewed) throw this.#lose()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release()
  }

  async #renew(ttl: number): Promise<boolean | ShaleError> {
    const asked = this.#core.clock.now()
    const swap = { key: this.#stored, expected: this.#token, value: this.#token, ttl }
    const [answer] = await answersOf(this.#core.store.swap([swap]), 1)
    if (answer === true) {
      this.#expiresAt = asked + ttl
      if (this.#timer !== undefined) this.#watch()
    }
    return answer as boolean | ShaleError
  }

  /** Waits for the moment to renew the lock, or to take it for lost. */
  #watch(): void {
    const { clock } = this.#core
    clock.clearTimeout(this.#timer)
    const left = this.#expiresAt - clock.now()
    this.#timer = clock.setTimeout(() => void this.#wake(), Math.max(0, this.#renews ? renewAfter(left, this.#ttl) : left))
  }

  async #wake(): Promise<void> {
    const expired = this.#core.clock.now() >= this.#expiresAt
    // A closed cache renews nothing.
    if (expired || this.#core.closed) return void this.#lose()
    if (this.#renews) {
      const renewed = await this.#renew(this.#ttl)
      // Released meanwhile, or renewed and watched again.
      if (this.#timer === undefined || renewed === true) return
      if (renewed === false) return void this.#lose()
    }
    this.#watch()
  }

  #lose(): ShaleError {
    this.#core.clock.clearTimeout(this.#timer)
    this.#timer = undefined
    const error = new ShaleError(
      'LOCK_LOST',
      `lock: '${this.key}' is not, or may not be, held any more: it ran out, was removed, or no server could renew it. Take it again, or use a longer ttl or 'extend: true'.`,
    )
    this.#abort.abort(error)
    return error
  }
}
