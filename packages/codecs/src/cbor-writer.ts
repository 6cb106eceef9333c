import { ShaleError } from '@shale/contracts'
import { type Shape, ShapeTable } from './cbor-shapes.ts'
import { firstLongRecord, firstShortRecord, maxDefinitionBytes, maxDefinitions, shortRecords, tag, textTag } from './cbor-tags.ts'
import { writeSpecial } from './cbor-special-writer.ts'
import { freeKeys, maxDepth, objectBudget, weight } from './limits.ts'
import { checkBudget, unstorable } from './problems.ts'
import { encodeWtf8 } from './wtf8.ts'

const firstSize = 8192
const keptSize = 2 ** 20
const fewObjects = 16
/** What a server takes under one key. */
const largest = 2 ** 29

/**
 * Writes one value at a time as CBOR (RFC 8949). With records, the keys of plain objects go to a block of
 * definitions, and the objects become records that name one.
 */
export class CborWriter {
  readonly #records: boolean
  readonly #shapes = new ShapeTable(keys => this.#defined(keys))
  #target: Buffer = Buffer.allocUnsafeSlow(firstSize)
  #pos = 0
  #limit = 0
  #root: unknown
  #depth = 0
  // Objects seen in this entry: the first few in an array, which is faster to search, then all in a set.
  #objects = 0
  #keys = 0
  #seenKeys: Set<string> | undefined
  readonly #few: object[] = []
  #many: Set<object> | undefined
  // Objects met more than once; in the second pass with the number of those that are written already.
  #shared: Map<object, number> | undefined
  #numbering = false
  #nextShared = 0
  #entry = 0
  #used: Shape[] = []
  #usedBytes = 0

  constructor(records: boolean) {
    this.#records = records
  }

  /**
   * The value as bytes of their own, after `headroom` bytes that are left for the caller to fill.
   *
   * @throws ShaleError `VALUE_INVALID`, `VALUE_TOO_LARGE` beyond `maxBytes` (the headroom not counted).
   */
  encode(value: unknown, headroom: number, maxBytes: number): Buffer {
    this.#limit = maxBytes
    this.#root = value
    try {
      this.#pass(value)
      if (this.#shared !== undefined) {
        this.#numbering = true
        this.#pass(value)
      }
      return this.#finish(headroom)
    } finally {
      this.#reset()
    }
  }

  #pass(value: unknown): void {
    this.#pos = 0
    this.#depth = 0
    this.#objects = 0
    this.#keys = 0
    this.#seenKeys = undefined
    this.#entry++
    this.#used.length = 0
    this.#usedBytes = 0
    this.write(value)
  }

  #finish(headroom: number): Buffer {
    const used = this.#used
    const block = this.#usedBytes === 0 ? 0 : this.#usedBytes + headSize(used.length)
    const start = headroom + (this.#records ? headSize(block) + block : 0)
    const size = start + this.#pos - headroom
    if (size > this.#limit) throw this.#tooLarge()
    checkBudget('cbor', this.#objects, size)
    const bytes = Buffer.allocUnsafeSlow(headroom + size)
    bytes.set(this.#target.subarray(0, this.#pos), start)
    if (this.#records) {
      const { pos, target } = { pos: this.#pos, target: this.#target }
      this.#pos = headroom
      this.#target = bytes
      this.#head(0x40, block)
      if (block > 0) {
        this.#head(0x80, used.length)
        for (let i = 0; i < used.length; i++) {
          bytes.set(used[i]!.definition, this.#pos)
          this.#pos += used[i]!.definition.length
        }
      }
      this.#pos = pos
      this.#target = target
    }
    return bytes
  }

  #reset(): void {
    this.#root = undefined
    this.#few.length = 0
    this.#many = undefined
    this.#seenKeys = undefined
    this.#shared = undefined
    this.#numbering = false
    this.#nextShared = 0
    if (this.#target.length > keptSize) this.#target = Buffer.allocUnsafeSlow(firstSize)
  }

  write(value: unknown): void {
    if (this.#pos + 16 > this.#target.length) this.#grow(16)
    switch (typeof value) {
      case 'string':
        return this.#text(value)
      case 'number':
        return this.#number(value)
      case 'object':
        if (value !== null) return this.#object(value)
        this.#target[this.#pos++] = 0xf6
        return
      case 'boolean':
        this.#target[this.#pos++] = value ? 0xf5 : 0xf4
        return
      case 'undefined':
        this.#target[this.#pos++] = 0xf7
        return
      case 'bigint':
        return this.#bigint(value)
      case 'function':
        return this.refuse(value, 'a function', 'Leave it out, or store what it returns.')
      case 'symbol':
        return this.refuse(value, 'a symbol', 'Leave it out, or store its description.')
    }
  }

  refuse(offender: unknown, found: string, advice: string): never {
    throw unstorable('cbor', this.#root, offender, found, advice)
  }

  /** The head of an item: its major type in the upper bits of `major`, its argument a length or number below 2^32. */
  head(major: number, argument: number): void {
    if (this.#pos + 16 > this.#target.length) this.#grow(16)
    this.#head(major, argument)
  }

  #head(major: number, argument: number): void {
    const target = this.#target
    if (argument < 24) target[this.#pos++] = major | argument
    else if (argument < 0x100) {
      target[this.#pos++] = major | 24
      target[this.#pos++] = argument
    } else if (argument < 0x10000) {
      target[this.#pos++] = major | 25
      target[this.#pos++] = argument >>> 8
      target[this.#pos++] = argument & 0xff
    } else {
      target[this.#pos] = major | 26
      target.writeUInt32BE(argument, this.#pos + 1)
      this.#pos += 5
    }
  }

  bytes(bytes: Uint8Array): void {
    this.head(0x40, bytes.length)
    if (this.#pos + bytes.length > this.#target.length) this.#grow(bytes.length)
    this.#target.set(bytes, this.#pos)
    this.#pos += bytes.length
  }

  #number(value: number): void {
    if (value >>> 0 === value && (value !== 0 || 1 / value > 0)) return this.#head(0x00, value)
    if (value >> 0 === value && value !== 0) return this.#head(0x20, -1 - value)
    const target = this.#target
    if (Math.fround(value) === value && (value !== 0 && Number.isFinite(value))) {
      target[this.#pos] = 0xfa
      target.writeFloatBE(value, this.#pos + 1)
      this.#pos += 5
    } else if (value !== 0 && Number.isFinite(value)) {
      target[this.#pos] = 0xfb
      target.writeDoubleBE(value, this.#pos + 1)
      this.#pos += 9
    } else {
      const half = value === 0 ? 0x8000 : value === Infinity ? 0x7c00 : value === -Infinity ? 0xfc00 : 0x7e00
      target[this.#pos++] = 0xf9
      target[this.#pos++] = half >> 8
      target[this.#pos++] = half & 0xff
    }
  }

  #bigint(value: bigint): void {
    const negative = value < 0n
    const argument = negative ? -1n - value : value
    if (argument < 0x1_0000_0000_0000_0000n) {
      this.#target[this.#pos] = negative ? 0x3b : 0x1b
      this.#target.writeBigUInt64BE(argument, this.#pos + 1)
      this.#pos += 9
    } else {
      this.charge(weight.bigint)
      this.#head(0xc0, negative ? tag.negativeBigint : tag.positiveBigint)
      const hex = argument.toString(16)
      this.bytes(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'))
    }
  }

  #text(text: string): void {
    const { length } = text
    if (length >= 64) return this.#longText(text)
    if (this.#pos + 68 > this.#target.length) this.#grow(68)
    const target = this.#target
    const start = this.#pos
    let pos = start + 1
    if (length < 24) target[start] = 0x60 | length
    else {
      target[start] = 0x78
      target[pos++] = length
    }
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code >= 0x80) return this.#longText(text)
      target[pos++] = code
    }
    this.#pos = pos
  }

  #longText(text: string): void {
    const size = Buffer.byteLength(text)
    if (size === text.length) this.#head(0x60, size)
    else {
      const wellFormed = text.isWellFormed()
      if (this.#records) this.#head(0xc0, textTag)
      else if (!wellFormed) this.#head(0xc0, tag.wtf8)
      if (!wellFormed) this.charge(weight.oddText)
      if (!wellFormed) return this.bytes(encodeWtf8(text))
      this.#head(this.#records ? 0x40 : 0x60, size)
    }
    if (this.#pos + size > this.#target.length) this.#grow(size)
    this.#pos += this.#target.write(text, this.#pos, size, size === text.length ? 'latin1' : 'utf8')
  }

  #object(value: object): void {
    if (this.#met(value)) return
    if (++this.#depth > maxDepth) {
      this.refuse(value, `more than ${maxDepth} levels of nesting`, 'Store it in a flatter form, such as a list with references by id.')
    }
    if (Array.isArray(value)) this.#array(value)
    else {
      const prototype: unknown = Object.getPrototypeOf(value)
      if (prototype === Object.prototype || prototype === null) this.plain(value)
      else writeSpecial(this, value, prototype as object)
    }
    this.#depth--
  }

  #array(array: readonly unknown[]): void {
    const { length } = array
    for (let i = 0; i < length; i++) if (array[i] === undefined && !(i in array)) return this.#sparse(array)
    this.#head(0x80, length)
    for (let i = 0; i < length; i++) this.write(array[i])
  }

  #sparse(array: readonly unknown[]): void {
    this.charge(weight.sparseArray)
    this.head(0xc0, tag.object)
    this.#head(0x80, 3)
    this.write('Array')
    this.write(array.length)
    const indexes = Object.keys(array).filter(key => String(Number(key) >>> 0) === key && Number(key) < array.length)
    this.head(0x80, indexes.length * 2)
    for (const index of indexes) {
      this.write(Number(index))
      this.write(array[Number(index)])
    }
  }

  /** An object by its own enumerable properties, whatever its class. */
  plain(value: object): void {
    if (Object.getOwnPropertySymbols(value).length > 0) this.#refuseSymbolKeys(value)
    const keys = Object.keys(value)
    const { length } = keys
    const shape = this.#records && !(this.#numbering && this.#shared!.has(value)) ? this.#shapes.shapeOf(keys) : undefined
    if (shape !== undefined && this.#recordHead(shape)) {
      for (let i = 0; i < length; i++) this.write((value as Record<string, unknown>)[keys[i]!])
    } else {
      this.head(0xa0, length)
      this.#keys += length
      if (this.#keys > freeKeys) this.#chargeKeys(keys)
      for (let i = 0; i < length; i++) {
        this.write(keys[i]!)
        this.write((value as Record<string, unknown>)[keys[i]!])
      }
    }
  }

  /** Counts keys that are new, as the reader will at most. */
  #chargeKeys(keys: readonly string[]): void {
    this.#seenKeys ??= new Set()
    const before = this.#seenKeys.size
    for (const key of keys) this.#seenKeys.add(key)
    this.charge((this.#seenKeys.size - before) * weight.key)
  }

  #recordHead(shape: Shape): boolean {
    if (shape.entry !== this.#entry) {
      const bytes = this.#usedBytes + shape.definition.length
      if (this.#used.length >= maxDefinitions || bytes > maxDefinitionBytes - 3) return false
      shape.entry = this.#entry
      shape.id = this.#used.push(shape) - 1
      this.#usedBytes = bytes
    }
    if (this.#pos + 16 > this.#target.length) this.#grow(16)
    const { id } = shape
    this.#head(0xc0, id < shortRecords ? firstShortRecord + id : firstLongRecord + id)
    this.#head(0x80, shape.keys.length)
    return true
  }

  #refuseSymbolKeys(value: object): void {
    for (const symbol of Object.getOwnPropertySymbols(value)) {
      if (Object.getOwnPropertyDescriptor(value, symbol)?.enumerable === true) {
        this.refuse(symbol, 'a symbol as a key', 'Leave it out, or use a string.')
      }
    }
  }

  /** Counts an object by its weight, as the reader will. */
  charge(weight: number): void {
    this.#objects += weight
    // Nothing that fits could hold so many: there may be no end to them.
    if (this.#objects > objectBudget(Math.min(this.#limit, largest))) checkBudget('cbor', this.#objects, this.#pos)
  }

  /** Whether the object was met before in this entry; then a reference is all that is written. */
  #met(object: object): boolean {
    this.charge(weight.plain)
    if (this.#numbering) return this.#numbered(object)
    if (this.#many === undefined) {
      const few = this.#few
      for (let i = 0; i < few.length; i++) if (few[i] === object) return this.#note(object)
      if (few.push(object) > fewObjects) this.#many = new Set(few)
      return false
    }
    if (this.#many.has(object)) return this.#note(object)
    this.#many.add(object)
    return false
  }

  #note(object: object): true {
    this.#shared ??= new Map()
    this.#shared.set(object, -1)
    return true
  }

  #numbered(object: object): boolean {
    const number = this.#shared!.get(object)
    if (number === undefined) return false
    if (number >= 0) {
      this.head(0xc0, tag.reference)
      this.#head(0x00, number)
      return true
    }
    this.charge(weight.plain)
    this.#shared!.set(object, this.#nextShared++)
    this.head(0xc0, tag.shared)
    return false
  }

  #defined(keys: readonly string[]): Uint8Array {
    const start = this.#pos
    this.head(0x80, keys.length)
    for (const key of keys) this.write(key)
    const definition = Uint8Array.prototype.slice.call(this.#target, start, this.#pos)
    this.#pos = start
    return definition
  }

  #grow(need: number): void {
    const size = this.#pos + need
    if (this.#pos > this.#limit) throw this.#tooLarge()
    const target = Buffer.allocUnsafeSlow(Math.max(size, Math.min(this.#target.length * 2, this.#target.length + 2 ** 26)))
    target.set(this.#target.subarray(0, this.#pos))
    this.#target = target
  }

  #tooLarge(): ShaleError {
    return new ShaleError('VALUE_TOO_LARGE', `The value takes more than ${this.#limit} bytes as cbor. Store less under one key, or raise maxValueBytes.`)
  }
}

function headSize(argument: number): number {
  return argument < 24 ? 1 : argument < 0x100 ? 2 : argument < 0x10000 ? 3 : 5
}
