import { type Codec, describe, ShaleError } from '@shale/contracts'
import { CborReader } from './cbor-reader.ts'
import { CborWriter } from './cbor-writer.ts'
import { codecIds } from './codec-ids.ts'
import { DefinitionCache } from './cbor-definitions.ts'
import type { FastCodec } from './fast-codec.ts'
import { unknown } from './problems.ts'

/** How `cbor` writes. */
export interface CborOptions {
  /** The protocol to write; both are read. 1 is plain CBOR; 2 has record definitions, is smaller and faster to read. Default 2. */
  readonly protocol?: 1 | 2
}

const protocols: readonly number[] = Object.freeze([1, 2])

/**
 * The codec for all that JavaScript can hold as data: CBOR (RFC 8949) with registered tags. Maps, Sets, Dates, BigInts,
 * typed arrays, Buffers, RegExps, errors, `-0`, `NaN`, `undefined`, holes, cyclic and shared references come back as
 * they went in; instances of other classes come back as plain objects, or as what their `toJSON` gave.
 *
 * @throws ShaleError `CONFIG_INVALID` for another protocol.
 */
export function cbor(options: CborOptions = {}): Codec {
  const { protocol = 2, ...others } = Object(options) as CborOptions
  if (protocol !== 1 && protocol !== 2) {
    throw new ShaleError('CONFIG_INVALID', `cbor: expected protocol to be 1 or 2; found ${describe(protocol)}.`)
  }
  for (const name of Object.keys(others)) {
    throw new ShaleError('CONFIG_INVALID', `cbor: ${name} is no option of it; expected protocol. Remove it.`)
  }
  return new Cbor(protocol)
}

class Cbor implements FastCodec {
  readonly id: number = codecIds.cbor
  readonly name: string = 'cbor'
  readonly protocol: number
  readonly protocols: readonly number[] = protocols
  #writer: CborWriter | undefined

  constructor(protocol: 1 | 2) {
    this.protocol = protocol
  }

  encode(value: unknown): Uint8Array {
    return this.encodeAfter(value, 0, Infinity)
  }

  encodeAfter(value: unknown, headroom: number, maxBytes: number): Uint8Array {
    return (this.#writer ??= new CborWriter(this.protocol === 2)).encode(value, headroom, maxBytes)
  }

  decode(bytes: Uint8Array, protocol: number): unknown {
    return this.decodeFrom(bytes, 0, protocol)
  }

  decodeFrom(bytes: Uint8Array, start: number, protocol: number): unknown {
    if (protocol !== 1 && protocol !== 2)
      throw unknown(`cbor protocol ${protocol} is not one that this release knows. Upgrade the readers first.`)
    try {
      reader.open(bytes, start)
      if (protocol === 2) {
        const plainText = !reader.skipTextMark()
        // The definitions are read as any text: they are kept under their bytes, for entries of either kind.
        reader.use(definitions.read(reader, bytes), plainText)
      }
      return reader.readLast()
    } finally {
      reader.close()
    }
  }
}

// Reading calls nobody, so that one reader serves all.
const reader = new CborReader()
const definitions = new DefinitionCache()
