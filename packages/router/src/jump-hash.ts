/**
 * The bucket, from 0 up to but not including `buckets`, of a key of 64 bits in two halves. One more bucket takes
 * its share of the keys from all others and moves none between them.
 *
 * Source: Lamping and Veach, "A fast, minimal memory, consistent hash algorithm" (2014), `JumpConsistentHash`.
 */
export function jumpHash(high: number, low: number, buckets: number): number {
  let bucket = 0
  let next = 0
  while (next < buckets) {
    bucket = next
    // (high, low) = (high, low) * 2862933555777941757 + 1 modulo 2^64; the low half in pieces of 16 bits.
    const bottom = (low & 0xffff) * 0xb0fd
    const middle = (low & 0xffff) * 0x87b0 + (low >>> 16) * 0xb0fd + Math.floor(bottom / 0x10000)
    const carry = (low >>> 16) * 0x87b0 + Math.floor(middle / 0x10000)
    high = (carry + Math.imul(high, 0x87b0b0fd) + Math.imul(low, 0x27bb2ee6)) | 0
    low = (((middle << 16) | (bottom & 0xffff)) + 1) | 0
    if (low === 0) high = (high + 1) | 0
    next = Math.floor((bucket + 1) * (2 ** 31 / ((high >>> 1) + 1)))
  }
  return bucket
}
