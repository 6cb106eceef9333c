import { unitAt } from './unit-at.ts'
import { shortLength, utf8, type Utf8 } from './utf8.ts'

/**
 * The MD5 of a text as UTF-8: four integers of 32 bits with sign, little-endian as the algorithm has them, in the array
 * given. It places keys and keeps no secret.
 *
 * Node's own takes three times as long for a key, most of it on the way there and back, and is not there in FIPS mode.
 *
 * Source: RFC 1321.
 */
export function md5(text: string, digest: Int32Array): void {
  digest[0] = 0x67452301
  digest[1] = 0xefcdab89 | 0
  digest[2] = 0x98badcfe | 0
  digest[3] = 0x10325476
  const words = padded(text)
  for (let at = 0; at < words; at += 16) compress(at, digest)
}

/** What is hashed: a text, a bit that is set, zeros, and how long the text was; in blocks of sixteen words. */
let message = new Int32Array(64)

/** Writes a text as `message`, and says how many words it takes. */
function padded(text: string): number {
  const { length } = text
  if (length > shortLength) return paddedBytes(utf8(text))
  const whole = length >> 2
  let seen = 0
  for (let i = 0; i < whole; i++) {
    const first = unitAt(text, 4 * i)
    const second = unitAt(text, 4 * i + 1)
    const third = unitAt(text, 4 * i + 2)
    const fourth = unitAt(text, 4 * i + 3)
    seen |= first | second | third | fourth
    message[i] = first | (second << 8) | (third << 16) | (fourth << 24)
  }
  let rest = 0x80
  for (let i = length - 1; i >= 4 * whole; i--) {
    const unit = unitAt(text, i)
    seen |= unit
    rest = (rest << 8) | unit
  }
  if (seen > 0x7f) return paddedBytes(utf8(text))
  message[whole] = rest
  return finish(whole + 1, length)
}

function paddedBytes({ buffer, end }: Utf8): number {
  if (message.length < wordsFor(end)) message = new Int32Array(wordsFor(end))
  const whole = end >> 2
  for (let i = 0, at = 0; i < whole; i++, at += 4)
    message[i] = buffer[at]! | (buffer[at + 1]! << 8) | (buffer[at + 2]! << 16) | (buffer[at + 3]! << 24)
  let rest = 0x80
  for (let i = end - 1; i >= 4 * whole; i--) rest = (rest << 8) | buffer[i]!
  message[whole] = rest
  return finish(whole + 1, end)
}

function finish(written: number, bytes: number): number {
  const words = wordsFor(bytes)
  for (let i = written; i < words - 2; i++) message[i] = 0
  message[words - 2] = bytes << 3
  message[words - 1] = Math.floor(bytes / 2 ** 29)
  return words
}

function wordsFor(bytes: number): number {
  return 16 * (((bytes + 8) >> 6) + 1)
}

/** One block of the message into the digest. What depends on the step before is added last, so that the rest need not wait for it. */
function compress(at: number, digest: Int32Array): void {
  const words = message
  let a = digest[0]!
  let b = digest[1]!
  let c = digest[2]!
  let d = digest[3]!
  for (let i = 0; i < 16; i += 4) {
    a = (b + rotate((a + words[at + i]! + sines[i]!) | 0, d ^ (b & (c ^ d)), 7)) | 0
    d = (a + rotate((d + words[at + i + 1]! + sines[i + 1]!) | 0, c ^ (a & (b ^ c)), 12)) | 0
    c = (d + rotate((c + words[at + i + 2]! + sines[i + 2]!) | 0, b ^ (d & (a ^ b)), 17)) | 0
    b = (c + rotate((b + words[at + i + 3]! + sines[i + 3]!) | 0, a ^ (c & (d ^ a)), 22)) | 0
  }
  for (let i = 16; i < 32; i += 4) {
    const m = 5 * i + 1
    a = (b + rotate((a + words[at + (m & 15)]! + sines[i]! + (c & ~d)) | 0, b & d, 5)) | 0
    d = (a + rotate((d + words[at + ((m + 5) & 15)]! + sines[i + 1]! + (b & ~c)) | 0, a & c, 9)) | 0
    c = (d + rotate((c + words[at + ((m + 10) & 15)]! + sines[i + 2]! + (a & ~b)) | 0, d & b, 14)) | 0
    b = (c + rotate((b + words[at + ((m + 15) & 15)]! + sines[i + 3]! + (d & ~a)) | 0, c & a, 20)) | 0
  }
  for (let i = 32; i < 48; i += 4) {
    const m = 3 * i + 5
    a = (b + rotate((a + words[at + (m & 15)]! + sines[i]!) | 0, c ^ d ^ b, 4)) | 0
    d = (a + rotate((d + words[at + ((m + 3) & 15)]! + sines[i + 1]!) | 0, b ^ c ^ a, 11)) | 0
    c = (d + rotate((c + words[at + ((m + 6) & 15)]! + sines[i + 2]!) | 0, a ^ b ^ d, 16)) | 0
    b = (c + rotate((b + words[at + ((m + 9) & 15)]! + sines[i + 3]!) | 0, d ^ a ^ c, 23)) | 0
  }
  for (let i = 48; i < 64; i += 4) {
    const m = 7 * i
    a = (b + rotate((a + words[at + (m & 15)]! + sines[i]!) | 0, c ^ (b | ~d), 6)) | 0
    d = (a + rotate((d + words[at + ((m + 7) & 15)]! + sines[i + 1]!) | 0, b ^ (a | ~c), 10)) | 0
    c = (d + rotate((c + words[at + ((m + 14) & 15)]! + sines[i + 2]!) | 0, a ^ (d | ~b), 15)) | 0
    b = (c + rotate((b + words[at + ((m + 21) & 15)]! + sines[i + 3]!) | 0, d ^ (c | ~a), 21)) | 0
  }
  digest[0]! += a
  digest[1]! += b
  digest[2]! += c
  digest[3]! += d
}

function rotate(early: number, late: number, by: number): number {
  const sum = (early + late) | 0
  return (sum << by) | (sum >>> (32 - by))
}

const sines = Int32Array.from({ length: 64 }, (_, i) => Math.floor(2 ** 32 * Math.abs(Math.sin(i + 1))))
