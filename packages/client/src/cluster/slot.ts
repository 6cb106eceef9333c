/** How many slots a cluster has. */
export const slotCount = 16_384

/**
 * The slot of a stored key: CRC16 (XMODEM) of the UTF-8 of its tag, that is, of what stands between its first `{` and the first
 * `}` after that, if there is anything; otherwise of the whole key.
 *
 * Source: the Redis Cluster specification, "Key distribution model" and "Hash tags", and its appendix A.
 */
export function slotOf(key: string): number {
  const open = key.indexOf('{')
  if (open >= 0) {
    const close = key.indexOf('}', open + 1)
    if (close > open + 1) return crc16(key, open + 1, close) & (slotCount - 1)
  }
  return crc16(key, 0, key.length) & (slotCount - 1)
}

/** Whether the slot of a key is that of a tag in it. */
export function hasTag(key: string): boolean {
  const open = key.indexOf('{')
  return open >= 0 && key.indexOf('}', open + 1) > open + 1
}

const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021
  return crc
})

function crc16(text: string, start: number, end: number): number {
  let crc = 0
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return crc16OfBytes(Buffer.from(text.slice(start, end)))
    crc = ((crc << 8) & 0xffff) ^ (table[(crc >> 8) ^ code] as number)
  }
  return crc
}

function crc16OfBytes(bytes: Uint8Array): number {
  let crc = 0
  for (const byte of bytes) crc = ((crc << 8) & 0xffff) ^ (table[(crc >> 8) ^ byte] as number)
  return crc
}
