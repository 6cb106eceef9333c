import { types } from 'node:util'
import { Tag } from 'cbor-x'
import type { CborPreparer } from './cbor-prepare.ts'
import { errorTypes, littleEndian, swapElements, tag, typedArrayTags } from './cbor-tags.ts'
import { adviceFor, kindOfObject, liveKind } from './kind-of-object.ts'
import { maxPatternLength, weight } from './limits.ts'

const tagOfView = new Map<string, number>(Array.from(typedArrayTags, ([number, type]) => [type.name, number]))

/** Prepares an object that is neither an array nor plain. Source of tag 27: http://cbor.schmorp.de/generic-object */
export function prepareSpecial(preparer: CborPreparer, value: object, prototype: object, shared: boolean): unknown {
  if (prototype === Date.prototype || types.isDate(value)) return date(value as Date)
  if (ArrayBuffer.isView(value)) return view(preparer, value)
  if (prototype === Map.prototype || types.isMap(value)) return map(preparer, value as Map<unknown, unknown>)
  if (prototype === Set.prototype || types.isSet(value)) return set(preparer, value as Set<unknown>)
  if (types.isRegExp(value)) return pattern(preparer, value)
  if (types.isNativeError(value) || value instanceof Error) return error(preparer, value)
  if (types.isArrayBuffer(value)) {
    preparer.charge(weight.arrayBuffer)
    return generic('ArrayBuffer', Buffer.from(value))
  }
  if (types.isBoxedPrimitive(value)) {
    preparer.charge(weight.boxed)
    return generic('Object', preparer.ready((value as { valueOf(): unknown }).valueOf()))
  }
  const live = liveKind(value)
  if (live !== undefined) preparer.refuse(value, `a ${live}`, adviceFor(live))
  return preparer.plain(value, shared)
}

/** What stands for an instance of a class that says so by `toJSON`; the value itself for all others. */
export function jsonOf(value: object): unknown {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === Array.prototype || prototype === null) return value
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON !== 'function' || Object.hasOwn(value, 'toJSON') || kindOfObject(value) !== undefined) return value
  return toJSON.call(value, '')
}

function generic(name: string, ...args: unknown[]): Tag {
  return new Tag([name, ...args], tag.object)
}

function date(value: Date): Tag {
  const ms = Date.prototype.getTime.call(value)
  const seconds = ms / 1000
  const isExact = Number.isNaN(ms) || Math.round(seconds * 1000) === ms
  return isExact ? new Tag(seconds === 0 ? 0 : seconds, tag.date) : generic('Date', ms)
}

function map(preparer: CborPreparer, value: ReadonlyMap<unknown, unknown>): Tag {
  preparer.charge(weight.collection)
  return new Tag(new Map(Array.from(value, ([key, item]) => [preparer.ready(key), preparer.ready(item)])), tag.map)
}

function set(preparer: CborPreparer, value: ReadonlySet<unknown>): Tag {
  preparer.charge(weight.collection)
  return new Tag(
    Array.from(value, (item) => preparer.ready(item)),
    tag.set,
  )
}

function pattern(preparer: CborPreparer, value: RegExp): Tag {
  if (value.source.length > maxPatternLength) {
    preparer.refuse(value, `a RegExp of ${value.source.length} characters`, `Up to ${maxPatternLength} can be stored.`)
  }
  preparer.charge(weight.pattern)
  return generic('RegExp', preparer.ready(value.source), value.flags)
}

/** An error by its type, message, and what else it holds of its own; its stack means nothing in another process. */
function error(preparer: CborPreparer, value: Error): Tag {
  preparer.charge(weight.error)
  const type = errorTypes.has(value.constructor?.name) ? value.constructor.name : nearestType(value)
  const own = value as unknown as Record<string, unknown>
  const hidden = ['cause', 'errors'].filter((key) => Object.hasOwn(value, key))
  const keys = new Set([...(value.name === type ? [] : ['name']), ...hidden, ...Object.keys(value)])
  keys.delete('stack')
  keys.delete('message')
  const message = preparer.ready(String(value.message))
  if (keys.size === 0) return generic(type, message)
  return generic(type, message, new Map(Array.from(keys, (key) => [preparer.ready(key), preparer.ready(own[key])])))
}

function nearestType(value: Error): string {
  for (const [name, type] of errorTypes) if (name !== 'Error' && value instanceof type) return name
  return 'Error'
}

function view(preparer: CborPreparer, value: ArrayBufferView): unknown {
  preparer.charge(types.isDataView(value) ? weight.arrayBuffer : weight.typedArray)
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  if (Buffer.isBuffer(value)) return bytes
  if (types.isDataView(value)) return generic('DataView', bytes)
  const name = (value as unknown as { [Symbol.toStringTag]: string })[Symbol.toStringTag]
  const number = tagOfView.get(name)
  if (number === undefined) return preparer.refuse(value, `a ${name}`, 'Store another typed array.')
  if (littleEndian) return new Tag(bytes, number)
  const swapped = Buffer.from(bytes)
  swapElements(swapped, typedArrayTags.get(number)!.BYTES_PER_ELEMENT)
  return new Tag(swapped, number)
}
