const encoder = new TextEncoder()
let buffer = new Uint8Array(4096)

/**
 * A text as UTF-8, a lone surrogate as U+FFFD, in a buffer that is used again: `buffer` up to but not including `end`, until
 * the next call.
 */
export function utf8(text: string): Utf8 {
  if (text.length * 3 > buffer.length) result.buffer = buffer = new Uint8Array(text.length * 3)
  result.end = encoder.encodeInto(text, buffer).written
  return result
}

export interface Utf8 {
  readonly buffer: Uint8Array
  readonly end: number
}

const result = { buffer, end: 0 }

/** Longer texts are read faster as bytes than unit by unit, although the bytes have to be made first. */
export const shortLength = 32
