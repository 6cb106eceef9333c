/**
 * Turns values into bytes and back. `decode` is handed bytes that anyone may have written: it must answer hostile
 * ones with an error, not with a crash, a hang or an allocation out of proportion.
 */
export interface Codec {
  /** 0 to 127 are Shale's own, 128 to 255 are free for others. Stored with every entry. */
  readonly id: number
  /** What people call it. */
  readonly name: string
  /** The protocol version that `encode` writes. */
  readonly protocol: number
  /** The protocol versions that `decode` reads; includes `protocol`. */
  readonly protocols: readonly number[]
  /** A value as bytes that no one else holds. Throws for a value that it cannot bring back as it was. */
  encode(value: unknown): Uint8Array
  /** The value of `bytes` that some codec of this id wrote with `protocol`; shares no memory with them. */
  decode(bytes: Uint8Array, protocol: number): unknown
}
