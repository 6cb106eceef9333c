import { ShaleError } from '@shale/contracts'

/** As many digits as are certain to be a safe integer. */
const fewDigits = /^-?(?:0|[1-9]\d{0,14})$/
const digits = /^-?(?:0|[1-9]\d*)$/
/** The least integer of 64 bits, as text. */
const longestText = 20
const smallest = -(2n ** 63n)
const largest = 2n ** 63n - 1n

/**
 * The sum of an integer that is stored as text and a safe integer. What counts as an integer is what `INCRBY` of Redis
 * takes: decimal without leading zeros, sign or blanks to spare. Beyond 64 bits it adds to none.
 */
export function addToText(text: string, by: number): number | ShaleError {
  if (text === '-0' || !digits.test(text)) return notInteger()
  const sum = fewDigits.test(text) ? Number(text) + by : addExactly(text, by)
  if (sum !== undefined && Number.isSafeInteger(sum)) return sum
  return new ShaleError(
    'VALUE_OUT_OF_RANGE',
    'incr: expected a result that a number of JavaScript holds exactly, at most 2^53 - 1 either way; the result is beyond. The value stays as it was.',
  )
}

/** The sum as nearly as a number can hold it; `undefined` where the text is beyond 64 bits, which no server adds to. */
function addExactly(text: string, by: number): number | undefined {
  if (text.length > longestText) return undefined
  const value = BigInt(text)
  return value < smallest || value > largest ? undefined : Number(value + BigInt(by))
}

function notInteger(): ShaleError {
  return new ShaleError(
    'VALUE_NOT_INTEGER',
    'incr: expected an integer stored as decimal text; found another value. Store an integer with set first.',
  )
}
