import { ShaleError, type Answer, type Reply, type ScanPage, type StoredValue, type StoreIncrement } from '@shale/contracts'
import { isUtf8 } from 'node:buffer'
import { incrFailures } from '../scripts.ts'

// What a server's replies mean, as answers of a store.

export const bytesOrNone = (reply: Reply): Uint8Array | undefined => (reply === null ? undefined : (reply as Uint8Array))
export const onlyBytes = (reply: Reply): Answer<Uint8Array | undefined>[] => [bytesOrNone(reply)]
export const onlyError = (error: unknown): ShaleError[] => [error as ShaleError]
export const asAnswer = (error: unknown): ShaleError => error as ShaleError
export const isNotNull = (reply: Reply): boolean => reply !== null
export const isOne = (reply: Reply): boolean => reply === 1
export const text = (reply: Reply): string => (typeof reply === 'string' ? reply : Buffer.from(reply as Uint8Array).toString())

export function ttlOfReply(reply: Reply): number | null | undefined {
  if (reply === -2) return undefined
  return reply === -1 ? null : (reply as number)
}

export function storedValue(reply: Reply): StoredValue | undefined {
  if (reply === null) return undefined
  const [value, left] = reply as [Uint8Array, number]
  return { value, ttl: left === -1 ? null : left }
}

export function readable(page: readonly Uint8Array[]): ScanPage {
  return page.filter((key) => isUtf8(key)).map(text)
}

export function falseIfMissing(error: unknown): false | ShaleError {
  const { cause } = error as { cause?: { message?: string } }
  return cause?.message === 'ERR no such key' ? false : (error as ShaleError)
}

export function sumOf(reply: string, { key, by }: StoreIncrement): Answer<number> {
  const name = JSON.stringify(key)
  switch (reply) {
    case incrFailures.missing:
      return new ShaleError('KEY_NOT_FOUND', `incr: there is no entry under ${name}; store a number first.`)
    case incrFailures.range:
      return new ShaleError(
        'VALUE_OUT_OF_RANGE',
        `incr: the entry under ${name} and ${by} make no integer that a JavaScript number holds exactly (up to 2^53 - 1); it was left as it is.`,
      )
    case incrFailures.type:
      return new ShaleError('VALUE_NOT_INTEGER', `incr: the entry under ${name} is no integer as decimal text; it was left as it is.`)
    default:
      return Number(reply)
  }
}
