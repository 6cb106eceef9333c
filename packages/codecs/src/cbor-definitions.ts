import type { CborReader } from './cbor-reader.ts'
import { maxDefinitionBytes, maxDefinitions, maxRecordKeys } from './cbor-tags.ts'
import { corrupt } from './problems.ts'

/** Reads the values of a record into an object of its keys. */
export interface RecordReader {
  readonly keys: readonly string[]
  read(reader: CborReader): object
}

interface Block {
  /** The bytes, each as a character. */
  readonly text: string
  readers: readonly RecordReader[]
  uses: number
}

const sets = 64
const waysPerSet = 4
const usesBeforeCompiling = 16
const mostUses = 2 ** 20
const sampledBytes = 8

const latin1Slice = Buffer.prototype.latin1Slice

let mayCompile = true
try {
  // Some processes forbid code from strings; they read records a little slower.
  new Function('')
} catch {
  mayCompile = false
}

/**
 * The record definitions that entries began with lately, under the bytes of their block, with readers that are compiled
 * once a block has proved common. Bounded in number and bytes; a block that finds its set full takes the place of the
 * one least used.
 */
export class DefinitionCache {
  readonly #sets: Block[][] = Array.from({ length: sets }, () => [])
  #last: Block | undefined

  /** The records that the block at the reader's position defines: arrays of keys, one after the other. */
  read(reader: CborReader, source: Uint8Array): readonly RecordReader[] {
    const length = reader.head(0x40)
    if (length === 0) return []
    if (length > maxDefinitionBytes) throw corrupt(`record definitions of ${length} bytes`)
    const known = this.#last
    if (known !== undefined && known.text.length === length && reader.startsWith(known.text, length)) {
      reader.skip(length)
      return known.uses < usesBeforeCompiling ? this.#used(known) : known.readers
    }
    return this.#find(reader, source, length)
  }

  #find(reader: CborReader, source: Uint8Array, length: number): readonly RecordReader[] {
    const start = reader.position
    const set = this.#sets[hash(source, start, length) & (sets - 1)]!
    for (let i = 0; i < set.length; i++) {
      const block = set[i]!
      if (block.text.length !== length || !reader.startsWith(block.text, length)) continue
      reader.skip(length)
      this.#last = block
      return this.#used(block)
    }
    const readers = definitions(reader, start + length).map(interpreted)
    if (reader.position !== start + length) throw corrupt('record definitions that do not end where announced')
    const block: Block = { text: latin1Slice.call(source, start, start + length), readers, uses: 1 }
    this.#add(set, block)
    return readers
  }

  #used(block: Block): readonly RecordReader[] {
    if (block.uses < mostUses && ++block.uses === usesBeforeCompiling && mayCompile) {
      block.readers = block.readers.map(({ keys }) => compiled(keys))
    }
    return block.readers
  }

  #add(set: Block[], block: Block): void {
    if (set.length < waysPerSet) {
      set.push(block)
      return
    }
    let least = 0
    for (let i = 0; i < set.length; i++) {
      set[i]!.uses >>>= 1
      if (set[i]!.uses < set[least]!.uses) least = i
    }
    set[least] = block
  }
}

/** The definitions from here to `end`. */
function definitions(reader: CborReader, end: number): string[][] {
  const all: string[][] = []
  while (reader.position < end) {
    if (all.length === maxDefinitions) throw corrupt(`more than ${maxDefinitions} record definitions`)
    const length = reader.head(0x80)
    if (length > maxRecordKeys) throw corrupt(`a record definition of ${length} keys`)
    const keys = Array.from({ length }, () => reader.key())
    if (new Set(keys).size !== length || keys.includes('__proto__')) throw corrupt('a record definition with a key that it cannot have')
    all.push(keys)
  }
  return all
}

function interpreted(keys: readonly string[]): RecordReader {
  return {
    keys,
    read(reader) {
      const object: Record<string, unknown> = {}
      for (let i = 0; i < keys.length; i++) object[keys[i]!] = reader.read()
      return object
    },
  }
}

/** A reader that makes the object in one piece. The keys reach the code as JSON alone. */
function compiled(keys: readonly string[]): RecordReader {
  const body = keys.map((key) => `${JSON.stringify(key)}: reader.read()`).join(', ')
  return { keys, read: new Function('reader', `return { ${body} }`) as RecordReader['read'] }
}

function hash(bytes: Uint8Array, start: number, length: number): number {
  let mixed = length
  const step = Math.max(1, Math.floor(length / sampledBytes))
  for (let i = length - 1; i >= 0; i -= step) mixed = Math.imul(mixed ^ bytes[start + i]!, 0x01000193)
  return mixed ^ (mixed >>> 15)
}
