import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { ShaleError, type Answer, type ErrorCode, type Store } from '@shale/contracts'

/** What the suite may rely on beside the contract of every store. */
export interface StoreCapabilities {
  /** Turns the store's time on by so many milliseconds. Without it the suite waits for real time to pass. */
  readonly advance?: ((ms: number) => void | Promise<void>) | undefined
  /** Puts something under a key that is no string, such as a list, without an expiry. Without it that is not tested. */
  readonly putForeign?: ((store: Store, key: string) => Promise<void>) | undefined
  /** The size of the large value that is stored, in bytes; 1 MiB unless stated. */
  readonly largeValueBytes?: number | undefined
}

/** What a case works on: a store that is empty and its own. */
export interface StoreContext {
  readonly store: Store
  readonly capabilities: StoreCapabilities
}

/** Cases by name. */
export type StoreCases = Readonly<Record<string, (context: StoreContext) => Promise<void>>>

/** Far more than any case takes, so that what has this ttl is there to its end. */
export const longTtl = 3_600_000
/** What is waited for when something is to expire. */
export const shortTtl = 200
/** How far a ttl may have gone down between two calls of a slow machine. */
const slackMs = 60_000
const patienceMs = 20_000

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

export async function put(store: Store, key: string, text: string, ttl: number | null = null): Promise<void> {
  same(await store.set([{ key, value: bytes(text), ttl }]), [true])
}

/** The text under a key. */
export async function read(store: Store, key: string): Promise<string | undefined> {
  const [answer] = await readAll(store, [key])
  return answer
}

export async function readAll(store: Store, keys: readonly string[]): Promise<(string | undefined)[]> {
  const answers = await store.get(keys)
  return answers.map((answer) => {
    const value = unwrap(answer)
    return value && new TextDecoder('utf-8', { ignoreBOM: true }).decode(value)
  })
}

/** The answer, if it is one. */
export function unwrap<T>(answer: Answer<T>): T {
  if (ShaleError.is(answer)) throw answer
  return answer
}

/** The answers are the expected ones, in order, and none is an error. */
export function same<T>(answers: readonly Answer<T>[], expected: readonly T[]): void {
  assert.deepEqual(answers.map(unwrap), expected)
}

export function sameBytes(answer: Answer<Uint8Array | undefined>, expected: Uint8Array): void {
  const found = unwrap(answer)
  assert.ok(found instanceof Uint8Array, `expected bytes, found ${String(found)}`)
  assert.ok(Buffer.compare(found, expected) === 0, `expected ${summary(expected)}, found ${summary(found)}`)
}

function summary(value: Uint8Array): string {
  return `${value.length} bytes ${Buffer.from(value.subarray(0, 32)).toString('hex')}`
}

/** The answer is an error with one of the codes. */
export function failsWith(answer: unknown, ...codes: ErrorCode[]): void {
  assert.ok(ShaleError.is(answer), `expected ${codes.join(' or ')}, found ${String(answer)}`)
  assert.ok(codes.includes(answer.code), `expected ${codes.join(' or ')}, found ${answer.code}: ${answer.message}`)
}

/** A key has about this ttl left. */
export async function hasTtl(store: Store, key: string, ttl: number | null): Promise<void> {
  const [answer] = await store.ttl([key])
  if (ttl === null) return assert.equal(answer, null)
  assert.ok(typeof answer === 'number' && Number.isInteger(answer), `expected whole milliseconds, found ${String(answer)}`)
  assert.ok(answer <= ttl && answer > ttl - slackMs, `expected about ${ttl} ms left, found ${answer}`)
}

/** Lets the ttl of a key run out that was set just now. */
export async function expire({ store, capabilities }: StoreContext, key: string, ttl: number): Promise<void> {
  if (capabilities.advance === undefined) {
    return until(async () => !unwrap((await store.has([key]))[0]!), `${key} has not expired`)
  }
  await capabilities.advance(ttl - 1)
  same(await store.has([key]), [true])
  await capabilities.advance(1)
  same(await store.has([key]), [false])
}

/** Waits, within bounds, until something is so. */
async function until(condition: () => Promise<boolean>, otherwise: string): Promise<void> {
  const end = Date.now() + patienceMs
  while (!(await condition())) {
    assert.ok(Date.now() < end, `${otherwise} after ${patienceMs} ms`)
    await wait(5)
  }
}

/** All that a scan gives, duplicates left out. */
export async function scanned(store: Store, pattern: string): Promise<string[]> {
  const keys = new Set<string>()
  for await (const page of store.scan(pattern)) for (const key of page) keys.add(key)
  return [...keys].sort()
}
