import { isUtf8 } from 'node:buffer'
import { readSpecial } from './cbor-special-reader.ts'
import type { RecordReader } from './cbor-definitions.ts'
import { firstRecord, tag, otherTexts } from './cbor-tags.ts'
import { maxDepth, objectBudget, weight } from './limits.ts'
import { corrupt, tooDeep, tooManyObjects } from './problems.ts'
import { setOwn } from './set-own.ts'
import { decodeWtf8 } from './wtf8.ts'

const nothing = Buffer.alloc(0)
const latin1Slice = Buffer.prototype.latin1Slice
const utf8Slice = Buffer.prototype.utf8Slice

// Texts up to this long are cut from a window over the entry that is turned into a string at once.
const shortText = 64
const windowSize = 4096

const shortArray = 256

const keySlots = 2048
/** After so many keys of an entry that were not known, its objects are made so that keys cost least. */
const manyKeys = 4096
const longestCachedKey = 23

const float = new DataView(new ArrayBuffer(8))
const floatBytes = new Uint8Array(float.buffer)
const noRecords: readonly RecordReader[] = []
const unset = Symbol('unset')

/**
 * Reads one item of CBOR (RFC 8949) at a time from bytes that anyone may have written. Nothing is believed before it
 * was checked: lengths against the bytes that are left, tags against a list, nesting and objects against a limit.
 */
export class CborReader {
  #source: Uint8Array = nothing
  #pos = 0
  #end = 0
  #depth = 0
  #budget = 0
  #window = ''
  #windowStart = 0
  #windowEnd = 0
  // Whether the entry says that all texts are ASCII, so that they need no look at each byte.
  #plainText = false
  #records: readonly RecordReader[] = noRecords
  #shared: unknown[] | undefined
  // The number of the shared object whose first byte comes next; -1 if none.
  #claim = -1
  #newKeys = 0
  readonly #keys: string[] = new Array<string>(keySlots).fill('')

  /** Begins to read `source` from `start`. */
  open(source: Uint8Array, start: number): void {
    this.#source = source
    this.#pos = start
    this.#end = source.length
    this.#depth = 0
    this.#budget = objectBudget(source.length - start)
    this.#plainText = false
    this.#newKeys = 0
    this.#moveWindow(start)
    this.#claim = -1
    this.#shared = undefined
    this.#records = noRecords
  }

  /** Lets go of what was read. */
  close(): void {
    this.#source = nothing
    this.#window = ''
    this.#shared = undefined
    this.#records = noRecords
  }

  /** Passes over the mark of texts that are not ASCII (protocol 2); `false` if it is not there. */
  skipTextMark(): boolean {
    if (this.#pos >= this.#end || this.#source[this.#pos] !== otherTexts) return false
    this.#pos++
    return true
  }

  /** What the body may rely on: its records, and whether all its texts are ASCII. */
  use(records: readonly RecordReader[], plainText: boolean): void {
    this.#records = records
    this.#plainText = plainText
  }

  /** Whether the next bytes are those of `text`, which is ASCII and fits into the window. */
  startsWith(text: string, length: number): boolean {
    const start = this.#pos - this.#windowStart
    return this.#window.substring(start, start + length) === text
  }

  /** The position of the next item. */
  get position(): number {
    return this.#pos
  }

  /** Reads the last item: there must be nothing after it. */
  readLast(): unknown {
    const value = this.read()
    if (this.#pos !== this.#end) throw corrupt(`${this.#end - this.#pos} bytes are left after the value`)
    return value
  }

  /** Reads the next item. Small, so that it can be inlined where it is called: what is rarer is in `#other`. */
  read(): unknown {
    const start = this.#pos + 1
    if (start > this.#end) throw truncated()
    const first = this.#source[start - 1]!
    if (first < 24) {
      this.#pos = start
      return first
    }
    const end = start + first - 0x60
    if (this.#plainText && end >= start && first < 0x78 && end <= this.#windowEnd) {
      this.#pos = end
      return this.#window.substring(start - this.#windowStart, end - this.#windowStart)
    }
    this.#pos = start
    return this.#other(first)
  }

  #other(first: number): unknown {
    switch (first >> 5) {
      case 0:
        return first === 0x1b ? this.#bigint() : this.#argument(first)
      case 1:
        return first < 0x38 ? -1 - (first & 31) : first === 0x3b ? -1n - this.#bigint() : -1 - this.#argument(first)
      case 2:
        return this.#buffer(this.#length(first))
      case 3:
        return this.#text(this.#length(first))
      case 4:
        return this.#array(this.#length(first))
      case 5:
        return this.#object(this.#length(first))
      case 6:
        return this.#tagged(this.#argument(first))
      default:
        return this.#simple(first)
    }
  }

  /** The head of an item of major type `major` (in the upper bits): how many bytes or items it announces. */
  head(major: number): number {
    if (this.#pos >= this.#end) throw truncated()
    const first = this.#source[this.#pos++]!
    if ((first & 0xe0) !== major) throw corrupt(`byte 0x${first.toString(16)} where an item of another type must be`)
    return this.#length(first)
  }

  /** The next item, which must be a number. */
  number(): number {
    if (this.#pos >= this.#end) throw truncated()
    const type = this.#source[this.#pos]! >> 5
    const value = type === 0 || type === 1 || type === 7 ? this.read() : undefined
    if (typeof value !== 'number') throw corrupt('something else where a number must be')
    return value
  }

  /** Leaves out the next `length` bytes. */
  skip(length: number): void {
    this.#pos += length
  }

  /** The next `length` bytes as they are in the entry: not to be handed out. */
  view(length: number): Uint8Array {
    const start = this.#pos
    this.#pos += length
    return this.#source.subarray(start, this.#pos)
  }

  /** The next `length` bytes in memory of their own. */
  copy(length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length)
    const source = this.#source
    let pos = this.#pos
    if (length < 64) for (let i = 0; i < length; i++) bytes[i] = source[pos++]!
    else bytes.set(source.subarray(pos, pos + length))
    this.#pos += length
    return bytes
  }

  /** Goes one level down, into an object. Every `enter` has its `leave`, unless reading fails as a whole. */
  enter(weight: number): void {
    if (++this.#depth > maxDepth) throw tooDeep()
    this.charge(weight)
  }

  /** Counts an object by its weight. */
  charge(weight: number): void {
    this.#budget -= weight
    if (this.#budget < 0) throw tooManyObjects()
  }

  leave(): void {
    this.#depth--
  }

  /** Makes `object` the one that references mean, if it was announced as shared. Call it before its contents are read. */
  claim(object: object): void {
    if (this.#claim < 0) return
    this.#shared![this.#claim] = object
    this.#claim = -1
  }

  #length(first: number): number {
    const length = this.#argument(first)
    if (length > this.#end - this.#pos) throw corrupt(`a length of ${length} with ${this.#end - this.#pos} bytes left`)
    return length
  }

  #argument(first: number): number {
    const info = first & 31
    if (info < 24) return info
    const source = this.#source
    const pos = this.#pos
    const size = info === 24 ? 1 : info === 25 ? 2 : info === 26 ? 4 : 8
    if (info > 27) throw corrupt(`byte 0x${first.toString(16)}, which announces no definite length`)
    if (size > this.#end - pos) throw truncated()
    this.#pos = pos + size
    if (info === 24) return source[pos]!
    if (info === 25) return (source[pos]! << 8) | source[pos + 1]!
    const high = source[pos]! * 0x1000000 + ((source[pos + 1]! << 16) | (source[pos + 2]! << 8) | source[pos + 3]!)
    if (info === 26) return high
    return high * 0x1_0000_0000 + source[pos + 4]! * 0x1000000 + ((source[pos + 5]! << 16) | (source[pos + 6]! << 8) | source[pos + 7]!)
  }

  #bigint(): bigint {
    this.#fill(8)
    return float.getBigUint64(0)
  }

  #fill(size: number): void {
    const pos = this.#pos
    if (size > this.#end - pos) throw truncated()
    const source = this.#source
    for (let i = 0; i < size; i++) floatBytes[i] = source[pos + i]!
    this.#pos = pos + size
  }

  #simple(first: number): unknown {
    switch (first) {
      case 0xf4:
        return false
      case 0xf5:
        return true
      case 0xf6:
        return null
      case 0xf7:
        return undefined
      case 0xf9:
        this.#fill(2)
        return halfFloat(float.getUint16(0))
      case 0xfa:
        this.#fill(4)
        return float.getFloat32(0)
      case 0xfb:
        this.#fill(8)
        return float.getFloat64(0)
      default:
        throw corrupt(`byte 0x${first.toString(16)}, which is no value`)
    }
  }

  #text(length: number): string {
    const start = this.#pos
    const end = start + length
    const source = this.#source
    this.#pos = end
    if (length > shortText) return this.#plainText ? latin1Slice.call(source, start, end) : longText(source, start, end)
    if (!this.#plainText) for (let i = start; i < end; i++) if (source[i]! >= 0x80) return longText(source, start, end)
    if (end > this.#windowEnd || start < this.#windowStart) this.#moveWindow(start)
    return this.#window.substring(start - this.#windowStart, end - this.#windowStart)
  }

  #moveWindow(start: number): void {
    this.#windowStart = start
    this.#windowEnd = Math.min(this.#end, start + windowSize)
    this.#window = latin1Slice.call(this.#source, start, this.#windowEnd)
  }

  /** A key of an object. Short ones are kept, since the same keys come again and again. */
  key(): string {
    if (this.#pos >= this.#end) throw truncated()
    const source = this.#source
    const first = source[this.#pos++]!
    const length = first - 0x60
    if (length < 1 || length > longestCachedKey) return this.#otherKey(first)
    const start = this.#pos
    if (length > this.#end - start) throw truncated()
    const slot =
      (Math.imul(source[start]!, 31) +
        Math.imul(source[start + (length >> 1)]!, 167) +
        Math.imul(source[start + length - 1]!, 7) +
        (length << 6)) &
      (keySlots - 1)
    const known = this.#keys[slot]!
    if (known.length === length) {
      let i = 0
      while (i < length && known.charCodeAt(i) === source[start + i]) i++
      if (i === length) {
        this.#pos = start + length
        return known
      }
    }
    const key = this.#text(length)
    // What is kept is compared byte by byte with texts of either kind, which are the same in ASCII alone.
    if (key.length !== length || (this.#plainText && !isAscii(source, start, length))) return this.#newKey(key)
    this.#keys[slot] = key
    this.#newKey(key)
    return key
  }

  #otherKey(first: number): string {
    if (first >> 5 === 3) return this.#newKey(this.#text(this.#length(first)))
    if (first >> 5 === 6 && this.#argument(first) === tag.wtf8) return this.#newKey(this.#wtf8())
    throw corrupt('a key that is no text in an object')
  }

  #newKey(key: string): string {
    this.#newKeys++
    return key
  }

  #buffer(length: number): Buffer {
    this.charge(weight.bytes)
    const buffer = length === 0 ? Buffer.alloc(0) : Buffer.allocUnsafe(length)
    this.claim(buffer)
    const pos = this.#pos
    const source = this.#source
    if (length < 32) for (let i = 0; i < length; i++) buffer[i] = source[pos + i]!
    else buffer.set(source.subarray(pos, pos + length))
    this.#pos = pos + length
    return buffer
  }

  #array(length: number): unknown[] {
    this.enter(weight.plain)
    // Announced room is taken only where it is little; `push` would take much more than a short array needs.
    const array: unknown[] = length <= shortArray ? new Array<unknown>(length) : []
    if (this.#claim >= 0) this.claim(array)
    if (length <= shortArray) for (let i = 0; i < length; i++) array[i] = this.read()
    else for (let i = 0; i < length; i++) array.push(this.read())
    this.#depth--
    return array
  }

  #object(length: number): object {
    this.enter(weight.plain)
    const object: Record<string, unknown> = this.#newKeys > manyKeys ? hashed() : {}
    if (this.#claim >= 0) this.claim(object)
    for (let i = 0; i < length; i++) {
      const key = this.key()
      if (key === '__proto__') setOwn(object, key, this.read())
      else object[key] = this.read()
    }
    this.#depth--
    return object
  }

  #tagged(number: number): unknown {
    if (number >= firstRecord) {
      const record = this.#records[number - firstRecord]
      if (record !== undefined) return this.#record(record)
    } else if (number === tag.shared) return this.#sharing()
    else if (number === tag.reference) return this.#reference()
    else if (number === tag.wtf8) return this.#wtf8()
    return readSpecial(this, number)
  }

  #wtf8(): string {
    const length = this.head(0x40)
    const start = this.#pos
    this.#pos += length
    let text = utf8(this.#source, start, this.#pos)
    if (text !== undefined) return text
    this.charge(weight.oddText)
    text = decodeWtf8(this.#source.subarray(start, this.#pos))
    if (text === undefined) throw corrupt('a text that is not WTF-8')
    return text
  }

  #record(record: RecordReader): object {
    this.enter(weight.plain)
    const length = this.head(0x80)
    if (length !== record.keys.length) throw corrupt(`a record of ${length} values whose definition has ${record.keys.length} keys`)
    const claim = this.#claim
    this.#claim = -1
    const object = record.read(this)
    if (claim >= 0) this.#shared![claim] = object
    this.#depth--
    return object
  }

  #sharing(): unknown {
    const shared = (this.#shared ??= [])
    if (this.#claim >= 0) throw corrupt('an object that is marked as shared twice')
    this.charge(weight.plain)
    const id = shared.push(unset) - 1
    this.#claim = id
    const value = this.read()
    this.#claim = -1
    shared[id] = value
    return value
  }

  #reference(): unknown {
    if (this.#claim >= 0) throw corrupt('a reference that is marked as shared')
    const value = this.#shared?.[this.number()]
    if (value === undefined || value === unset) throw corrupt('a reference to an object that has not begun')
    return value
  }
}

/** An object whose keys the engine hashes, instead of making a layout for each set of keys, which is costly where no two are alike. */
function hashed(): Record<string, unknown> {
  return Object.setPrototypeOf(Object.create(null), Object.prototype) as Record<string, unknown>
}

function isAscii(source: Uint8Array, start: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (source[start + i]! >= 0x80) return false
  return true
}

function longText(source: Uint8Array, start: number, end: number): string {
  const text = utf8(source, start, end)
  if (text === undefined) throw corrupt('a text that is not UTF-8')
  return text
}

/** The text of UTF-8 bytes; `undefined` if they are none. */
function utf8(source: Uint8Array, start: number, end: number): string | undefined {
  const text = utf8Slice.call(source, start, end)
  // What is not UTF-8 leaves replacement characters; so does a text that holds them by right.
  return text.includes('\ufffd') && !isUtf8(source.subarray(start, end)) ? undefined : text
}

function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1024 + fraction) * 2 ** (exponent - 25)
}

function truncated(): Error {
  return corrupt('it ends in the middle of a value')
}
