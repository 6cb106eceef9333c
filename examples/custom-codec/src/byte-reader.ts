import { ShaleError } from '@shale/contracts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads what `ByteWriter` wrote, and trusts none of it. */
export class ByteReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  varint(): number {
    let value = 0
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw corrupt('it ends in the middle of a number')
      value += (byte & 0x7f) * scale
      if (value > Number.MAX_SAFE_INTEGER) throw corrupt('a number is too large')
      if (byte < 0x80) return value
    }
  }

  /** A count of things that take at least one byte each: more than there are bytes is a lie. */
  count(): number {
    const count = this.varint()
    if (count > this.left) throw corrupt(`it announces ${count} items and has ${this.left} bytes left`)
    return count
  }

  text(): string {
    const length = this.count()
    const bytes = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    try {
      return decoder.decode(bytes)
    } catch (error) {
      throw corrupt('a text is not UTF-8', error)
    }
  }
}

export function corrupt(found: string, cause?: unknown): ShaleError {
  return new ShaleError('CODEC_CORRUPT', `The columnar entry is corrupt: ${found}. Delete or overwrite it.`, { cause })
}
