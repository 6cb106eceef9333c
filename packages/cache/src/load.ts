import { parsePositiveDuration, ShaleError, type Duration } from '@shale/contracts'
import { aborted, checkSignal, type SetOptions } from './call-options.ts'
import { answersOf, type Core } from './core.ts'
import type { Flight, Loaded } from './flights.ts'
import type { Scope } from './scope.ts'
import { resolveTtl, parseTtl } from './ttl.ts'

/** What a factory is told, and what it may say of the value it is about to give. */
export interface LoadContext {
  /** Aborted when no caller waits for the result any more, or the cache was closed. */
  readonly signal: AbortSignal
  /** The ttl of the result; the call's own by default. */
  ttl: Duration | null | undefined
  /** The jitter of the result's ttl; the call's own by default. */
  ttlJitter: number | undefined
  /** The version to store the result under; the call's own by default. */
  version: number | undefined
}

/** Makes a value that was not in the cache. `undefined` is given to the callers and not stored. */
export type Factory<T> = (context: LoadContext) => T | Promise<T>

/** Options of `getOrSet`. */
export interface GetOrSetOptions extends SetOptions {
  /** The ttl of a `null` result; as `ttl` by default. */
  readonly negativeTtl?: Duration | null | undefined
  /** The longest that the caller waits; then `LOAD_TIMEOUT`, while the load goes on and is stored. */
  readonly hardTimeout?: Duration | undefined
  /** Gives up this caller only (`ABORTED`). */
  readonly signal?: AbortSignal | undefined
}

const known: readonly (keyof GetOrSetOptions)[] = ['ttl', 'ttlJitter', 'version', 'negativeTtl', 'hardTimeout', 'signal']

/** The key that is to be there. */
interface LoadTarget {
  readonly scope: Scope
  readonly key: string
  readonly stored: string
}

/** The checked options of one `getOrSet`. */
interface LoadPlan<T> {
  readonly factory: Factory<T>
  readonly options: GetOrSetOptions
  readonly hardTimeoutMs: number | undefined
  /** An object that was given instead of a factory, as it was at the call: its caller may change it meanwhile. */
  readonly given: Uint8Array | undefined
}

/**
 * The value of a key, made by `factory` if it is not there: one load for all callers of this process, each of whom
 * gets a copy of its own.
 */
export async function getOrLoad<T>(scope: Scope, key: string, valueOrFactory: T | Factory<T>, options: GetOrSetOptions = {}): Promise<T> {
  const { core } = scope
  const stored = scope.stored(key, options, known, 'getOrSet')
  const target = { scope, key, stored }
  const plan = makePlan(target, valueOrFactory, options)
  if (options.signal?.aborted === true) throw aborted('getOrSet', options.signal)
  let loaded: Loaded | undefined
  const flight = core.flights.get(stored) ?? core.flights.start(stored, (started) => fly(target, plan, started))
  flight.join()
  if (options.signal === undefined && plan.hardTimeoutMs === undefined) loaded = await flight.result
  else loaded = await impatiently(target, plan, flight)
  return (loaded === undefined ? undefined : take(target, loaded)) as T
}

/** A caller's own copy of the value. */
function take({ scope, key }: LoadTarget, loaded: Loaded): unknown {
  const { value } = loaded
  loaded.value = undefined
  return value === undefined ? scope.core.serializer.decode(loaded.bytes, scope.context(key)) : value
}

function makePlan<T>({ scope, key }: LoadTarget, valueOrFactory: T | Factory<T>, options: GetOrSetOptions): LoadPlan<T> {
  checkSignal(options.signal, 'getOrSet')
  // A wrong ttl is the caller's mistake: said at once, not when the load is done.
  resolveTtl(options.ttl, options.ttlJitter, scope.ttls, () => 0)
  if (options.negativeTtl !== undefined) parseTtl(options.negativeTtl, 'negativeTtl')
  return {
    factory: typeof valueOrFactory === 'function' ? (valueOrFactory as Factory<T>) : () => valueOrFactory,
    options,
    hardTimeoutMs: options.hardTimeout === undefined ? undefined : parsePositiveDuration(options.hardTimeout, 'hardTimeout'),
    given: typeof valueOrFactory === 'object' && valueOrFactory !== null ? scope.encode(key, valueOrFactory) : undefined,
  }
}

/** The entry, read or loaded and stored; `undefined` where the factory gave `undefined`. */
async function fly<T>(target: LoadTarget, plan: LoadPlan<T>, flight: Flight): Promise<Loaded | undefined> {
  const { scope, stored, key } = target
  const { core } = scope
  const began = core.clock.now()
  const [answer] = await answersOf(core.store.get([stored]), 1)
  const spent = core.clock.now() - began
  let degraded = false
  const hit = scope.read(key, stored, answer)
  if (hit !== undefined) return { bytes: answer as Uint8Array, value: hit }
  if (ShaleError.is(answer) && answer.code !== 'CODEC_CORRUPT') {
    core.absorb('getOrSet', [key], answer, stored)
    degraded = true
  }
  const context: LoadContext = {
    signal: flight.signal,
    ttl: plan.options.ttl,
    ttlJitter: plan.options.ttlJitter,
    version: plan.options.version,
  }
  const value = await plan.factory(context)
  if (value === undefined) return undefined
  const bytes = plan.given ?? scope.encode(key, value)
  const loaded: Loaded = { bytes, value: undefined }
  if (flight.voided) return loaded
  const failure = await withinBudget(core, core.timeout - spent, install(target, plan, flight, context, bytes, value === null))
  // One call degrades once.
  if (degraded && failure !== undefined) core.stats.error(failure, stored)
  else if (failure !== undefined) core.absorb('getOrSet', [key], failure, stored)
  return loaded
}

/** Stores what was loaded; gives why it could not be. A cache that was closed meanwhile keeps nothing, which is no failure. */
async function install<T>(
  target: LoadTarget,
  plan: LoadPlan<T>,
  flight: Flight,
  context: LoadContext,
  value: Uint8Array,
  isNull: boolean,
): Promise<ShaleError | undefined> {
  const { scope, key } = target
  const { core } = scope
  const { negativeTtl } = plan.options
  const ttl = resolveTtl(isNull && negativeTtl !== undefined ? negativeTtl : context.ttl, context.ttlJitter, scope.ttls, core.random)
  if (ttl !== null && ttl <= 0) return undefined
  let { stored } = target
  if (context.version !== undefined && context.version !== plan.options.version) {
    stored = scope.keyspace.format(key, context.version)
    if (stored !== target.stored && core.flights.changedSince(flight, stored)) return undefined
  }
  const [answer] = await answersOf(core.store.set([{ key: stored, value, ttl }]), 1)
  if (ShaleError.is(answer)) return answer.code === 'CLOSED' ? undefined : answer
  core.stats.of(stored).set(value.byteLength)
  return undefined
}

/** What a read may take without a timer of its own for the write that follows, in milliseconds. */
const quickMs = 5

/** Waits for a write, but no longer than what is left of the deadline; the write itself goes on. */
async function withinBudget(core: Core, budget: number, work: Promise<ShaleError | undefined>): Promise<ShaleError | undefined> {
  if (budget >= core.timeout - quickMs) return work
  let timer: unknown
  work.catch(() => {})
  const over = new Promise<ShaleError>((resolve) => {
    const late = new ShaleError(
      'SERVER_TIMEOUT',
      `getOrSet: not stored within ${core.timeout} ms, reading included; whether it will be is not known.`,
    )
    timer = core.clock.setTimeout(() => resolve(late), Math.max(0, budget), true)
  })
  return Promise.race([work, over]).finally(() => core.clock.clearTimeout(timer))
}

/** A caller that may give up before the load is done. */
function impatiently<T>(target: LoadTarget, plan: LoadPlan<T>, flight: Flight): Promise<Loaded | undefined> {
  const { stored, key } = target
  const { core } = target.scope
  const { signal } = plan.options
  return new Promise((resolve, reject) => {
    let timer: unknown
    const settle = (): void => {
      if (timer !== undefined) core.clock.clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
    const onAbort = (): void => {
      settle()
      if (flight.leave(signal?.reason)) core.flights.remove(stored, flight)
      reject(aborted('getOrSet', signal as AbortSignal))
    }
    signal?.addEventListener('abort', onAbort)
    if (plan.hardTimeoutMs !== undefined) {
      timer = core.clock.setTimeout(
        () => {
          settle()
          const message = `getOrSet: the value of '${key}' was not there within its hardTimeout of ${plan.hardTimeoutMs} ms; its load goes on.`
          reject(new ShaleError('LOAD_TIMEOUT', message))
        },
        plan.hardTimeoutMs,
        true,
      )
    }
    flight.result.then(
      (loaded) => (settle(), resolve(loaded)),
      (error: unknown) => (settle(), reject(error as Error)),
    )
  })
}
