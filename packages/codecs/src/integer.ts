const zero = 0x30
const nine = 0x39
const minus = 0x2d

// A foreign number may be of any size; reading one takes more than linear time, so that there is an end.
const mostDigits = 10_000

/** Whether a value is stored as decimal text. */
export function isIntegerValue(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && !Object.is(value, -0)
}

/** An integer as decimal text. */
export function encodeInteger(value: number): Uint8Array {
  const text = String(value)
  const bytes = Buffer.allocUnsafeSlow(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

/** Whether the bytes from `start` on are decimal text: `-?(0|[1-9][0-9]*)`. */
export function isIntegerText(bytes: Uint8Array, start = 0): boolean {
  const first = bytes[start] === minus ? start + 1 : start
  const digits = bytes.length - first
  if (digits < 1 || digits > mostDigits || (bytes[first] === zero && digits > 1)) return false
  for (let i = first; i < bytes.length; i++) if (bytes[i]! < zero || bytes[i]! > nine) return false
  return true
}

/** The integer of decimal text: a BigInt if it is no safe integer. */
export function decodeInteger(bytes: Uint8Array, start = 0): number | bigint {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, bytes.length - start).toString('latin1')
  const value = Number(text)
  // The text -0 is the integer 0.
  return Number.isSafeInteger(value) ? value + 0 : BigInt(text)
}
