import { Tag } from 'cbor-x'
import { jsonOf, prepareSpecial } from './cbor-prepare-special.ts'
import { type Shape, ShapeTable } from './cbor-shapes.ts'
import { maxDefinitionBytes, maxDefinitions, tag } from './cbor-tags.ts'
import { maxDepth, objectBudget, weight } from './limits.ts'
import { unstorable } from './problems.ts'
import { setOwn } from './set-own.ts'
import { encodeWtf8 } from './wtf8.ts'

const fewObjects = 16
/** What a server takes under one key. */
const largestBytes = 2 ** 29
/** Texts up to this long are looked at here; longer ones by native code. */
const shortText = 64

/**
 * Makes a value into what `cbor-x` writes as we want to read it: checked for what cannot be stored, and with what the
 * library would lose (such as holes, cycles and `Map`s in cycles) put into tags. What needs no change is not copied:
 * data from JSON comes through as it is. With records it also collects the shapes of the plain objects.
 */
export class CborPreparer {
  readonly #records: boolean
  readonly #shapes = new ShapeTable()
  #root: unknown
  #depth = 0
  #mostObjects = 0
  // Objects seen in this entry: the first few in an array, which is faster to search, then all in a set.
  readonly #few: object[] = []
  #many: Set<object> | undefined
  // Objects met more than once; in the second pass with the number of those that were met already.
  #shared: Map<object, number> | undefined
  #numbering = false
  #nextShared = 0
  #copies = false
  #entry = 0
  #usedBytes = 0
  /** The shapes of the records, in the order of their numbers. */
  readonly shapes: Shape[] = []
  /** How many objects there are, by weight. */
  objects = 0
  /** Whether all texts are ASCII. */
  ascii = true
  /** Whether a number is `-0`, which is lost unless numbers are written as floats. */
  negativeZero = false

  constructor(records: boolean) {
    this.#records = records
  }

  /**
   * The value as it is to be handed to the library, which will make at most `maxBytes` of it.
   *
   * @param copies whether to copy every object, so that no getter of the value is called when it is written.
   * @throws ShaleError `VALUE_INVALID` with the path to what cannot be stored.
   */
  prepare(value: unknown, maxBytes: number, copies: boolean): unknown {
    this.#root = value
    this.#copies = copies
    this.#mostObjects = objectBudget(Math.min(maxBytes, largestBytes))
    this.negativeZero = false
    try {
      let ready = this.#pass(value)
      if (this.#shared !== undefined) {
        this.#numbering = true
        ready = this.#pass(value)
      }
      return ready
    } finally {
      this.#reset()
    }
  }

  #pass(value: unknown): unknown {
    this.#depth = 0
    this.objects = 0
    this.#entry++
    this.#usedBytes = 0
    this.shapes.length = 0
    this.ascii = true
    return this.ready(value)
  }

  #reset(): void {
    this.#root = undefined
    this.#few.length = 0
    this.#many = undefined
    this.#shared = undefined
    this.#numbering = false
    this.#nextShared = 0
  }

  /** A value as it is to be written: itself where nothing has to change. */
  ready(value: unknown): unknown {
    switch (typeof value) {
      case 'string':
        return this.#text(value)
      case 'number':
        if (value === 0 && 1 / value < 0) this.negativeZero = true
        return value
      case 'object':
        return value === null ? null : this.#object(value)
      case 'bigint':
        return this.#bigint(value)
      case 'function':
        return this.refuse(value, 'a function', 'Leave it out, or store what it returns.')
      case 'symbol':
        return this.refuse(value, 'a symbol', 'Leave it out, or store its description.')
      default:
        return value
    }
  }

  refuse(offender: unknown, found: string, advice: string): never {
    throw unstorable('cbor', this.#root, offender, found, advice)
  }

  #text(text: string): unknown {
    if (this.#records && this.ascii) this.ascii = isAscii(text)
    if (text.isWellFormed()) return text
    this.charge(weight.oddText)
    return new Tag(Buffer.from(encodeWtf8(text)), tag.wtf8)
  }

  /** Integers beyond 64 bits as bytes: the library takes quadratic time for them. */
  #bigint(value: bigint): unknown {
    const argument = value < 0n ? -1n - value : value
    if (argument < 0x1_0000_0000_0000_0000n) return value
    this.charge(weight.bigint)
    const hex = argument.toString(16)
    return new Tag(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'), value < 0n ? tag.negativeBigint : tag.positiveBigint)
  }

  #object(value: object): unknown {
    const json = jsonOf(value)
    // What stands for an instance is an object of its own: it is what may be met again.
    if (json !== value) return this.#nested(json)
    const number = this.#met(value)
    if (number !== undefined && number >= 0) return new Tag(number, tag.reference)
    if (number !== undefined) this.charge(weight.plain)
    this.#enter(value)
    const ready = this.#contents(value, number !== undefined)
    this.#depth--
    return number === undefined ? ready : new Tag(ready, tag.shared)
  }

  #nested(json: unknown): unknown {
    this.#enter(json)
    const ready = this.ready(json)
    this.#depth--
    return ready
  }

  #enter(value: unknown): void {
    if (++this.#depth <= maxDepth) return
    this.refuse(value, `more than ${maxDepth} levels of nesting`, 'Store it in a flatter form, such as a list with references by id.')
  }

  #contents(value: object, shared: boolean): unknown {
    if (Array.isArray(value)) return this.#array(value)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) return this.plain(value, shared)
    return prepareSpecial(this, value, prototype as object, shared)
  }

  #array(array: readonly unknown[]): unknown {
    for (let i = 0; i < array.length; i++) if (array[i] === undefined && !(i in array)) return this.#sparse(array)
    // An array of a subclass or another realm is no array to the library.
    let copy: unknown[] | undefined = array.constructor === Array ? undefined : Array.from(array)
    for (let i = 0; i < array.length; i++) {
      const item = array[i]
      const ready = this.ready(item)
      if (ready === item) continue
      copy ??= array.slice()
      copy[i] = ready
    }
    return copy ?? array
  }

  #sparse(array: readonly unknown[]): Tag {
    this.charge(weight.sparseArray)
    const indexes = Object.keys(array).filter((key) => String(Number(key) >>> 0) === key && Number(key) < array.length)
    return new Tag(['Array', array.length, indexes.flatMap((index) => [Number(index), this.ready(array[Number(index)])])], tag.object)
  }

  /** An object by its own enumerable properties, whatever its class. `shared` ones are maps, so that a cycle can be closed before they are whole. */
  plain(value: object, shared: boolean): unknown {
    if (Object.getOwnPropertySymbols(value).length > 0) this.#refuseSymbolKeys(value)
    const keys = Object.keys(value)
    const isRecord = !shared && this.#isRecord(keys)
    let copy = this.#copies || Object.getPrototypeOf(value) !== Object.prototype ? copyOf(value, keys) : undefined
    let plainKeys = true
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!
      if (!isRecord && this.#text(key) !== key) plainKeys = false
      const item = ((copy ?? value) as Record<string, unknown>)[key]
      const ready = this.ready(item)
      if (ready === item) continue
      copy ??= copyOf(value, keys)
      put(copy, key, ready)
    }
    const object = copy ?? value
    if (isRecord || (plainKeys && !this.#records)) return object
    return new Map(keys.map((key) => [this.#text(key), (object as Record<string, unknown>)[key]]))
  }

  /** Whether objects of these keys are records in this entry; takes note of the shape if so. */
  #isRecord(keys: readonly string[]): boolean {
    if (!this.#records) return false
    const shape = this.#shapes.shapeOf(keys)
    if (shape === undefined) return false
    if (shape.entry === this.#entry) return true
    const bytes = this.#usedBytes + shape.definition.length
    if (this.shapes.length >= maxDefinitions || bytes > maxDefinitionBytes) return false
    if (!shape.ascii) this.ascii = false
    shape.entry = this.#entry
    this.shapes.push(shape)
    this.#usedBytes = bytes
    return true
  }

  /** Counts an object by its weight, as the reader will. */
  charge(weight: number): void {
    this.objects += weight
    // Nothing that fits could hold so many: there may be no end to them.
    if (this.objects > this.#mostObjects) this.refuse(this.#root, 'more objects than an entry may hold', 'Spread it over several keys.')
  }

  #refuseSymbolKeys(value: object): void {
    for (const symbol of Object.getOwnPropertySymbols(value)) {
      if (Object.getOwnPropertyDescriptor(value, symbol)?.enumerable === true) {
        this.refuse(symbol, 'a symbol as a key', 'Leave it out, or use a string.')
      }
    }
  }

  /** For an object that is met more than once: its number where it was met before, -1 at first; `undefined` for all others. */
  #met(object: object): number | undefined {
    this.charge(weight.plain)
    if (this.#numbering) return this.#numbered(object)
    if (!this.#isNew(object)) {
      this.#shared ??= new Map()
      this.#shared.set(object, -1)
      return 0
    }
    return undefined
  }

  #isNew(object: object): boolean {
    if (this.#many !== undefined) return this.#many.size < this.#many.add(object).size
    const few = this.#few
    for (let i = 0; i < few.length; i++) if (few[i] === object) return false
    if (few.push(object) > fewObjects) this.#many = new Set(few)
    return true
  }

  #numbered(object: object): number | undefined {
    const number = this.#shared!.get(object)
    if (number === -1) this.#shared!.set(object, this.#nextShared++)
    return number
  }
}

function isAscii(text: string): boolean {
  const { length } = text
  if (length > shortText) return Buffer.byteLength(text) === length
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) >= 0x80) return false
  return true
}

function copyOf(value: object, keys: readonly string[]): Record<string, unknown> {
  const copy: Record<string, unknown> = {}
  for (const key of keys) put(copy, key, (value as Record<string, unknown>)[key])
  return copy
}

function put(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') setOwn(object, key, value)
  else object[key] = value
}
