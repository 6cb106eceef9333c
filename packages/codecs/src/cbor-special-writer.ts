import { types } from 'node:util'
import type { CborWriter } from './cbor-writer.ts'
import { errorTypes, littleEndian, swapElements, tag, typedArrayTags } from './cbor-tags.ts'
import { adviceFor, liveKind } from './kind-of-object.ts'
import { maxPatternLength, weight } from './limits.ts'

const tagOfView = new Map<string, number>(Array.from(typedArrayTags, ([number, type]) => [type.name, number]))

/** Writes an object that is neither an array nor plain. Source of tag 27: http://cbor.schmorp.de/generic-object */
export function writeSpecial(writer: CborWriter, value: object, prototype: object): void {
  if (prototype === Date.prototype || types.isDate(value)) return writeDate(writer, value as Date)
  if (ArrayBuffer.isView(value)) return writeView(writer, value)
  if (prototype === Map.prototype || types.isMap(value)) return writeMap(writer, value as Map<unknown, unknown>)
  if (prototype === Set.prototype || types.isSet(value)) return writeSet(writer, value as Set<unknown>)
  if (types.isRegExp(value)) return writeRegExp(writer, value)
  if (types.isNativeError(value) || value instanceof Error) return writeError(writer, value)
  if (types.isArrayBuffer(value)) {
    writer.charge(weight.arrayBuffer)
    generic(writer, 'ArrayBuffer', 1)
    return writer.bytes(new Uint8Array(value))
  }
  if (types.isBoxedPrimitive(value)) {
    writer.charge(weight.boxed)
    generic(writer, 'Object', 1)
    return writer.write((value as { valueOf(): unknown }).valueOf())
  }
  const live = liveKind(value)
  if (live !== undefined) writer.refuse(value, `a ${live}`, adviceFor(live))
  const { toJSON } = value as { toJSON?: unknown }
  const json: unknown = typeof toJSON === 'function' && !Object.hasOwn(value, 'toJSON') ? toJSON.call(value, '') : value
  if (json === value) writer.plain(value)
  else writer.write(json)
}

function generic(writer: CborWriter, name: string, args: number): void {
  writer.head(0xc0, tag.object)
  writer.head(0x80, args + 1)
  writer.write(name)
}

function writeDate(writer: CborWriter, date: Date): void {
  const ms = Date.prototype.getTime.call(date)
  const seconds = ms / 1000
  if (Number.isNaN(ms) || Math.round(seconds * 1000) === ms) {
    writer.head(0xc0, tag.date)
    writer.write(seconds === 0 ? 0 : seconds)
  } else {
    generic(writer, 'Date', 1)
    writer.write(ms)
  }
}

function writeMap(writer: CborWriter, map: ReadonlyMap<unknown, unknown>): void {
  writer.charge(weight.collection)
  writer.head(0xc0, tag.map)
  writer.head(0xa0, map.size)
  for (const [key, value] of map) {
    writer.write(key)
    writer.write(value)
  }
}

function writeSet(writer: CborWriter, set: ReadonlySet<unknown>): void {
  writer.charge(weight.collection)
  writer.head(0xc0, tag.set)
  writer.head(0x80, set.size)
  for (const item of set) writer.write(item)
}

function writeRegExp(writer: CborWriter, pattern: RegExp): void {
  if (pattern.source.length > maxPatternLength) {
    writer.refuse(pattern, `a RegExp of ${pattern.source.length} characters`, `Up to ${maxPatternLength} can be stored.`)
  }
  writer.charge(weight.pattern)
  generic(writer, 'RegExp', 2)
  writer.write(pattern.source)
  writer.write(pattern.flags)
}

/** An error by its type, message, and what else it holds of its own; its stack means nothing in another process. */
function writeError(writer: CborWriter, error: Error): void {
  const type = errorTypes.has(error.constructor?.name) ? error.constructor.name : nearestType(error)
  const more: Record<string, unknown> = {}
  if (error.name !== type) more['name'] = error.name
  for (const key of ['cause', 'errors']) if (Object.hasOwn(error, key)) more[key] = (error as unknown as Record<string, unknown>)[key]
  for (const key of Object.keys(error)) {
    if (key !== 'stack' && key !== 'message') {
      Object.defineProperty(more, key, { value: (error as unknown as Record<string, unknown>)[key], enumerable: true, configurable: true, writable: true })
    }
  }
  const keys = Object.keys(more)
  writer.charge(weight.error)
  generic(writer, type, keys.length === 0 ? 1 : 2)
  writer.write(String(error.message))
  if (keys.length === 0) return
  writer.head(0xa0, keys.length)
  for (const key of keys) {
    writer.write(key)
    writer.write(more[key])
  }
}

function nearestType(error: Error): string {
  for (const [name, type] of errorTypes) if (name !== 'Error' && error instanceof type) return name
  return 'Error'
}

function writeView(writer: CborWriter, view: ArrayBufferView): void {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
  writer.charge(types.isDataView(view) ? weight.arrayBuffer : weight.typedArray)
  if (Buffer.isBuffer(view)) return writer.bytes(bytes)
  if (types.isDataView(view)) {
    generic(writer, 'DataView', 1)
    return writer.bytes(bytes)
  }
  const name = (view as unknown as { [Symbol.toStringTag]: string })[Symbol.toStringTag]
  const number = tagOfView.get(name)
  if (number === undefined) return writer.refuse(view, `a ${name}`, 'Store another typed array.')
  writer.head(0xc0, number)
  if (littleEndian) return writer.bytes(bytes)
  const swapped = bytes.slice()
  swapElements(swapped, typedArrayTags.get(number)!.BYTES_PER_ELEMENT)
  writer.bytes(swapped)
}
