import { headSize, writeHead } from './cbor-head.ts'
import { maxRecordKeys } from './cbor-tags.ts'

/** The keys that an object has, in their order, ready to be written as a record definition. */
export interface Shape {
  readonly keys: readonly string[]
  /** The keys as CBOR: an array of texts. */
  readonly definition: Uint8Array
  /** Whether the keys are ASCII. */
  readonly ascii: boolean
  /** Which shape it is, among all that this process has seen. */
  readonly number: number
  /** The entry that last used the shape. */
  entry: number
}

const shapesPerFirstKey = 32
const firstKeys = 512

/**
 * The shapes of the objects that were written lately, so that their definitions are encoded once. Bounded: what does
 * not fit pushes out another, which costs time and nothing else.
 */
export class ShapeTable {
  readonly #byFirstKey = new Map<string, Shape[]>()
  #turn = 0
  #next = 0

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
    const definition = define(keys)
    const shape: Shape = {
      keys,
      definition,
      ascii: keys.every((key) => Buffer.byteLength(key) === key.length),
      number: this.#next++,
      entry: 0,
    }
    if (shapes.length < shapesPerFirstKey) shapes.push(shape)
    else shapes[this.#turn++ % shapesPerFirstKey] = shape
    return shape
  }
}

function define(keys: readonly string[]): Uint8Array {
  const sizes = keys.map((key) => Buffer.byteLength(key))
  const definition = Buffer.allocUnsafeSlow(sizes.reduce((sum, size) => sum + headSize(size) + size, headSize(keys.length)))
  let pos = writeHead(definition, 0, 0x80, keys.length)
  for (const [i, key] of keys.entries()) {
    pos = writeHead(definition, pos, 0x60, sizes[i]!)
    pos += definition.write(key, pos)
  }
  return definition
}
