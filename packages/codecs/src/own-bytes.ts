/** A copy of bytes in memory of its own, of its own size, behind `headroom` bytes that are left to be filled. */
export function ownBytes(bytes: Uint8Array, headroom = 0): Buffer {
  const own = Buffer.allocUnsafeSlow(headroom + bytes.length)
  own.set(bytes, headroom)
  return own
}
