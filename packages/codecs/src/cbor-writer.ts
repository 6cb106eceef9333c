import { ShaleError } from '@shale/contracts'
import { Encoder } from 'cbor-x'
import { headSize, writeHead } from './cbor-head.ts'
import { CborPreparer } from './cbor-prepare.ts'
import type { Shape } from './cbor-shapes.ts'
import { maxDefinitions, otherTexts } from './cbor-tags.ts'
import { ownBytes } from './own-bytes.ts'
import { checkBudget } from './problems.ts'

/** Tells the library to write the next value over this one, which has been copied by then. Source: encode.js of cbor-x. */
const overwriteNext = 1024
/** A buffer of the library that has grown beyond this is let go. */
const keptBytes = 2 ** 20
const firstBytes = 8192
/** How many sets of shapes are kept. */
const maxStructures = 256

/** How many encodings have begun, of all writers. */
let encodings = 0

/** The keys of records by their numbers; the library hangs what it made of them on the array. */
type Structures = string[][]

/** What of the library's encoder its types do not tell. */
interface LibraryEncoder {
  structures: Structures
  encode(value: unknown, mode: number): Buffer
  useBuffer(buffer: Buffer): void
}

const common = { mapsAsObjects: true, useTag259ForMaps: false, tagUint8Array: false, variableMapSize: true } as const

function encoder(options: object): LibraryEncoder {
  return new Encoder({ ...common, ...options }) as unknown as LibraryEncoder
}

/** Writes one value at a time as CBOR (RFC 8949), by the `cbor-x` library, in protocol 1 or, with records, 2. */
export class CborWriter {
  readonly #records: boolean
  readonly #preparer: CborPreparer
  readonly #plain = encoder({ useRecords: false })
  readonly #plainFloats = encoder({ useRecords: false, alwaysUseFloat: true })
  readonly #record = encoder({ structures: [], maxSharedStructures: maxDefinitions })
  readonly #recordFloats = encoder({ structures: [], maxSharedStructures: maxDefinitions, alwaysUseFloat: true })
  /** What the library made of sets of shapes. */
  readonly #structures = new Map<string, Structures>()
  #busy = false

  constructor(records: boolean) {
    this.#records = records
    this.#preparer = new CborPreparer(records)
  }

  /**
   * The value as bytes of their own, after `headroom` bytes that are left for the caller to fill.
   *
   * @throws ShaleError `VALUE_INVALID`, `VALUE_TOO_LARGE` beyond `maxBytes` (the headroom not counted).
   */
  encode(value: unknown, headroom: number, maxBytes: number): Buffer {
    // A getter of the value may come back here.
    if (this.#busy) return new CborWriter(this.#records).encode(value, headroom, maxBytes)
    this.#busy = true
    try {
      const preparer = this.#preparer
      const before = ++encodings
      let ready = preparer.prepare(value, maxBytes, false)
      // The library has one buffer for all writers: no getter may use it while it writes.
      if (encodings !== before) ready = preparer.prepare(value, maxBytes, true)
      let encoder = this.#encoder()
      const known = preparer.shapes.length
      let body = encoder.encode(ready, overwriteNext)
      if (encoder.structures.length !== known && known > 0) {
        // A getter gave another object the second time, whose record the library defined itself.
        this.#structures.clear()
        ready = preparer.prepare(value, maxBytes, true)
        encoder = this.#encoder()
        body = encoder.encode(ready, overwriteNext)
      }
      if (body.length > keptBytes) encoder.useBuffer(Buffer.allocUnsafeSlow(firstBytes))
      const bytes = this.#records ? withDefinitions(preparer, body, headroom) : ownBytes(body, headroom)
      const size = bytes.length - headroom
      checkBudget('cbor', preparer.objects, size)
      if (size <= maxBytes) return bytes
      throw new ShaleError(
        'VALUE_TOO_LARGE',
        `The value takes ${size} bytes as cbor; expected at most ${maxBytes}. Store less under one key, or raise maxValueBytes.`,
      )
    } finally {
      this.#busy = false
    }
  }

  /** The encoder for what was prepared; one that writes records knows them beforehand, by their numbers, and so defines none itself. */
  #encoder(): LibraryEncoder {
    const { shapes, negativeZero } = this.#preparer
    if (shapes.length === 0) return negativeZero ? this.#plainFloats : this.#plain
    const encoder = negativeZero ? this.#recordFloats : this.#record
    encoder.structures = this.#structuresOf(shapes)
    return encoder
  }

  #structuresOf(shapes: readonly Shape[]): Structures {
    const name = shapes.length === 1 ? String(shapes[0]!.number) : shapes.map(({ number }) => number).join()
    let structures = this.#structures.get(name)
    if (structures !== undefined) return structures
    structures = shapes.map(({ keys }) => [...keys])
    if (this.#structures.size >= maxStructures) this.#structures.clear()
    this.#structures.set(name, structures)
    return structures
  }
}

/** The body behind the definitions of its records, as one byte string, and the mark of texts that are not ASCII. */
function withDefinitions({ shapes, ascii }: CborPreparer, body: Uint8Array, headroom: number): Buffer {
  let block = 0
  for (const { definition } of shapes) block += definition.length
  const first = ascii ? headroom : headroom + 1
  const start = first + headSize(block) + block
  const bytes = Buffer.allocUnsafeSlow(start + body.length)
  if (!ascii) bytes[headroom] = otherTexts
  let pos = writeHead(bytes, first, 0x40, block)
  for (const { definition } of shapes) {
    bytes.set(definition, pos)
    pos += definition.length
  }
  bytes.set(body, start)
  return bytes
}
