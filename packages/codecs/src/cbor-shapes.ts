import { maxRecordKeys } from './cbor-tags.ts'

/** The keys that an object has, in their order, ready to be written as a record definition. */
export interface Shape {
  readonly keys: readonly string[]
  /** The keys as CBOR: an array of texts. */
  readonly definition: Uint8Array
  /** The entry that last used the shape, and the shape's number in it. */
  entry: number
  id: number
}

const shapesPerFirstKey = 32
const firstKeys = 512

/**
 * The shapes of the objects that were written lately, so that their definitions are encoded once. Bounded: what does
 * not fit pushes out another, which costs time and nothing else.
 */
export class ShapeTable {
  readonly #byFirstKey = new Map<string, Shape[]>()
  readonly #define: (keys: readonly string[]) => Uint8Array
  #turn = 0

  constructor(define: (keys: readonly string[]) => Uint8Array) {
    this.#define = define
  }

  /** The shape of these keys; `undefined` if they make no record. */
  shapeOf(keys: readonly string[]): Shape | undefined {
    const { length } = keys
    if (length === 0 || length > maxRecordKeys) return undefined
    let shapes = this.#byFirstKey.get(keys[0]!)
    if (shapes === undefined) {
      if (this.#byFirstKey.size >= firstKeys) this.#byFirstKey.clear()
      shapes = []
      this.#byFirstKey.set(keys[0]!, shapes)
    }
    search: for (let i = 0; i < shapes.length; i++) {
      const known = shapes[i]!.keys
      if (known.length !== length) continue
      for (let k = length - 1; k > 0; k--) if (known[k] !== keys[k]) continue search
      return shapes[i]
    }
    return this.#add(shapes, keys)
  }

  #add(shapes: Shape[], keys: readonly string[]): Shape | undefined {
    for (const key of keys) if (key === '__proto__' || key.length > 256 || !key.isWellFormed()) return undefined
    const shape: Shape = { keys, definition: this.#define(keys), entry: 0, id: 0 }
    if (shapes.length < shapesPerFirstKey) shapes.push(shape)
    else shapes[this.#turn++ % shapesPerFirstKey] = shape
    return shape
  }
}
