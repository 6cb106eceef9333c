import { KeyGuard } from './key-guard.ts'
import type { CborReader } from './cbor-reader.ts'
import { errorTypes, littleEndian, swapElements, tag, typedArrayTags } from './cbor-tags.ts'
import { maxPatternLength, weight } from './limits.ts'
import { corrupt } from './problems.ts'
import { setOwn } from './set-own.ts'

const fewIndexes = 1024
const longestArray = 2 ** 32 - 1

/** Reads what a tag that is no record, reference or text stands for; the reader is behind the tag's number. */
export function readSpecial(reader: CborReader, number: number): unknown {
  switch (number) {
    case tag.date:
      return readDate(reader)
    case tag.positiveBigint:
      return readBigint(reader)
    case tag.negativeBigint:
      return -1n - readBigint(reader)
    case tag.object:
      return readGeneric(reader)
    case tag.set:
      return readSet(reader)
    case tag.map:
      return readMap(reader)
    default:
      return readTypedArray(reader, number)
  }
}

function readDate(reader: CborReader): Date {
  const date = new Date(NaN)
  reader.charge(weight.plain)
  reader.claim(date)
  date.setTime(Math.round(reader.number() * 1000))
  return date
}

function text(reader: CborReader): string {
  const value = reader.read()
  if (typeof value !== 'string') throw corrupt('something else where a text must be')
  return value
}

function readBigint(reader: CborReader): bigint {
  reader.charge(weight.bigint)
  const length = reader.head(0x40)
  if (length === 0) return 0n
  const bytes = reader.view(length)
  return BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('hex')}`)
}

function readTypedArray(reader: CborReader, number: number): ArrayBufferView {
  const type = typedArrayTags.get(number)
  if (type === undefined) throw corrupt(`tag ${number}, which has no meaning here`)
  reader.charge(weight.typedArray)
  const length = reader.head(0x40)
  const size = type.BYTES_PER_ELEMENT
  if (length % size !== 0) throw corrupt(`${length} bytes for a ${type.name}`)
  const bytes = reader.copy(length)
  if (!littleEndian && size > 1) swapElements(bytes, size)
  const view = number === tag.uint8Array ? bytes : new type(bytes.buffer)
  reader.claim(view)
  return view
}

function readSet(reader: CborReader): Set<unknown> {
  reader.enter(weight.collection)
  const set = new Set<unknown>()
  reader.claim(set)
  const length = reader.head(0x80)
  const guard = new KeyGuard()
  for (let i = 0; i < length; i++) set.add(guard.check(reader.read()))
  reader.leave()
  return set
}

function readMap(reader: CborReader): Map<unknown, unknown> {
  reader.enter(weight.collection)
  const map = new Map<unknown, unknown>()
  reader.claim(map)
  const length = reader.head(0xa0)
  const guard = new KeyGuard()
  for (let i = 0; i < length; i++) map.set(guard.check(reader.read()), reader.read())
  reader.leave()
  return map
}

function readGeneric(reader: CborReader): unknown {
  reader.enter(weight.plain)
  const value = readNamed(reader, reader.head(0x80))
  reader.leave()
  return value
}

function readNamed(reader: CborReader, length: number): unknown {
  if (length === 0) throw corrupt('an object without a name')
  const name = reader.key()
  const args = length - 1
  if (args === 1 && name === 'ArrayBuffer') {
    reader.charge(weight.arrayBuffer)
    const { buffer } = reader.copy(reader.head(0x40))
    reader.claim(buffer)
    return buffer
  }
  if (args === 1 && name === 'DataView') {
    reader.charge(weight.arrayBuffer)
    const view = new DataView(reader.copy(reader.head(0x40)).buffer)
    reader.claim(view)
    return view
  }
  if (args === 1 && name === 'Date') {
    const date = new Date(NaN)
    reader.claim(date)
    date.setTime(reader.number())
    return date
  }
  if (args === 2 && name === 'RegExp') return readRegExp(reader)
  if (args === 2 && name === 'Array') return readSparse(reader)
  if (args === 1 && name === 'Object') return readBoxed(reader)
  const type = errorTypes.get(name)
  if (type !== undefined && (args === 1 || args === 2)) return readError(reader, type, args === 2)
  throw corrupt('an object of a kind that has no meaning here')
}

function readBoxed(reader: CborReader): unknown {
  reader.charge(weight.boxed)
  const value = reader.read()
  const type = typeof value
  if (type !== 'string' && type !== 'number' && type !== 'boolean' && type !== 'bigint') throw corrupt('a boxed value that is no primitive')
  return Object(value)
}

function readRegExp(reader: CborReader): RegExp {
  reader.charge(weight.pattern)
  const source = text(reader)
  const flags = text(reader)
  if (source.length > maxPatternLength) throw corrupt('a RegExp that is too long')
  try {
    return new RegExp(source, flags)
  } catch {
    throw corrupt('a RegExp that does not compile')
  }
}

function readSparse(reader: CborReader): unknown[] {
  reader.charge(weight.sparseArray)
  const array: unknown[] = []
  reader.claim(array)
  const length = reader.number()
  if (!Number.isInteger(length) || length < 0 || length > longestArray) throw corrupt('an array of an impossible length')
  // Set to the most first, the array is kept as a dictionary: nothing is allocated for what is not there.
  if (length > fewIndexes) array.length = longestArray
  array.length = length
  const items = reader.head(0x80)
  if (items % 2 !== 0) throw corrupt('an index without an item')
  for (let i = 0; i < items; i += 2) {
    const index = reader.number()
    if (!Number.isInteger(index) || index < 0 || index >= length) throw corrupt('an index outside of its array')
    array[index] = reader.read()
  }
  return array
}

function readError(reader: CborReader, type: ErrorConstructor, more: boolean): Error {
  reader.charge(weight.error)
  const message = text(reader)
  const { stackTraceLimit } = Error
  // The stack of whoever reads is none of the error's, and costly to take.
  Error.stackTraceLimit = 0
  const error = new type(message)
  Error.stackTraceLimit = stackTraceLimit
  reader.claim(error)
  if (!more) return error
  const length = reader.head(0xa0)
  for (let i = 0; i < length; i++) {
    const key = reader.key()
    const value = reader.read()
    setOwn(error, key, value)
    if (key === 'name' || key === 'cause' || key === 'errors') Object.defineProperty(error, key, { enumerable: false })
  }
  return error
}
