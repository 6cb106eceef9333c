import type { Codec } from '@shale/contracts'

/** A codec that can write behind the header and read from behind it, which saves a copy of every entry. */
export interface FastCodec extends Codec {
  /**
   * As `encode`, with `headroom` bytes before the payload that the caller fills.
   *
   * @throws ShaleError also `VALUE_TOO_LARGE` for a payload of more than `maxBytes`.
   */
  encodeAfter(value: unknown, headroom: number, maxBytes: number): Uint8Array
  /** As `decode`, of the bytes from `start` on. */
  decodeFrom(bytes: Uint8Array, start: number, protocol: number): unknown
}

/** Whether a codec is one of these. */
export function isFast(codec: Codec): codec is FastCodec {
  return 'encodeAfter' in codec && 'decodeFrom' in codec
}
