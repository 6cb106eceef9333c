import { serialize } from 'node:v8'
import { maxDepth, objectBudget } from './limits.ts'
import { corrupt, tooDeep, tooManyObjects, unknown } from './problems.ts'

const versionTag = 0xff
/** The version of the format that this engine writes; it reads earlier ones as well. */
const knownVersion = serialize(null)[1]!

/**
 * Makes sure, before the engine allocates anything, that no length in its serialization format is more than what is there,
 * that nesting and objects keep to the limits, and that nothing is in it that the codec does not write. Whether the items
 * follow in an order that makes sense is left to the engine. Source: V8, src/objects/value-serializer.cc
 */
export function scanV8(bytes: Uint8Array): void {
  const scan = new Scan(bytes)
  if (scan.byte() !== versionTag) throw corrupt('no version of the v8 format at its start')
  const version = scan.varint()
  if (version > knownVersion)
    throw unknown(`v8 format version ${version} is of another engine. Write with a codec that is not tied to one.`)
  while (!scan.atEnd) token(scan)
}

function token(scan: Scan): void {
  const tag = scan.byte()
  switch (tag) {
    case 0x00: // padding
    case 0x2d: // '-' hole
    case 0x5f: // '_' undefined
    case 0x30: // '0' null
    case 0x54: // 'T' true
    case 0x46: // 'F' false
      return
    case 0x79: // 'y' true, boxed
    case 0x78: // 'x' false, boxed
    case 0x73: // 's' string, boxed: the string follows
      return scan.object()
    case 0x49: // 'I' int32
    case 0x55: // 'U' uint32
    case 0x5e: // '^' reference
      scan.varint()
      return
    case 0x4e: // 'N' number
      return scan.skip(8)
    case 0x44: // 'D' date
    case 0x6e: // 'n' number, boxed
      scan.object()
      return scan.skip(8)
    case 0x7a: // 'z' bigint, boxed
      scan.object()
      return scan.skip(scan.varint() >>> 1)
    case 0x5a: // 'Z' bigint
      return scan.skip(scan.varint() >>> 1)
    case 0x53: // 'S' UTF-8 string
    case 0x22: // '"' one-byte string
    case 0x63: // 'c' two-byte string
      return scan.skip(scan.varint())
    case 0x42: // 'B' array buffer
      scan.object()
      return scan.skip(scan.varint())
    case 0x5c: // '\' a view, as node:v8 writes it: type, length, bytes
      scan.object()
      scan.varint()
      return scan.skip(scan.varint())
    case 0x52: // 'R' regular expression: a string, then flags
      scan.object()
      token(scan.nested())
      scan.leave()
      scan.varint()
      return
    case 0x6f: // 'o' object
    case 0x3b: // ';' map
    case 0x27: // ''' set
      return scan.enter()
    case 0x41: // 'A' dense array
    case 0x61: // 'a' sparse array
      scan.enter()
      return scan.check(scan.varint())
    case 0x7b: // '{' end of object
    case 0x3a: // ':' end of map
    case 0x2c: // ',' end of set
      scan.leave()
      scan.varint()
      return
    case 0x24: // '$' end of dense array
    case 0x40: // '@' end of sparse array
      scan.leave()
      scan.varint()
      scan.varint()
      return
    default:
      throw corrupt(`tag 0x${tag.toString(16)} of the v8 format, which the codec does not write`)
  }
}

class Scan {
  readonly #bytes: Uint8Array
  #pos = 0
  #depth = 0
  #budget: number

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#budget = objectBudget(bytes.length)
  }

  get atEnd(): boolean {
    return this.#pos >= this.#bytes.length
  }

  byte(): number {
    if (this.atEnd) throw corrupt('it ends in the middle of a value')
    return this.#bytes[this.#pos++]!
  }

  varint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw corrupt('a number that is too long')
  }

  check(length: number): void {
    const left = this.#bytes.length - this.#pos
    if (length > left) throw corrupt(`a length of ${length} with ${left} bytes left`)
  }

  skip(length: number): void {
    this.check(length)
    this.#pos += length
  }

  object(): void {
    if (--this.#budget < 0) throw tooManyObjects()
  }

  nested(): this {
    if (++this.#depth > maxDepth) throw tooDeep()
    return this
  }

  enter(): void {
    this.nested().object()
  }

  leave(): void {
    this.#depth--
  }
}
