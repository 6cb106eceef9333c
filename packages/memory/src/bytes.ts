import { constants } from 'node:buffer'

/** The most bytes that can be held as one. */
export const maxHeldBytes: number = constants.MAX_STRING_LENGTH

/** Bytes as they are held: a string with one character for each, which shares nothing with them. */
export function hold(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return buffer.toString('latin1')
}

/** Held bytes as bytes of the caller's own. */
export function release(held: string): Uint8Array {
  const bytes = Buffer.allocUnsafe(held.length)
  bytes.write(held, 'latin1')
  return bytes
}
