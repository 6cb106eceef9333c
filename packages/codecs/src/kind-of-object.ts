import { types } from 'node:util'

/** The name of an object's kind, if it is a kind that plain objects and arrays cannot stand for; whatever realm made it. */
export function kindOfObject(value: object): string | undefined {
  if (types.isDate(value)) return 'Date'
  if (ArrayBuffer.isView(value))
    return Buffer.isBuffer(value) ? 'Buffer' : ((value as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] ?? 'DataView')
  if (types.isMap(value)) return 'Map'
  if (types.isSet(value)) return 'Set'
  if (types.isRegExp(value)) return 'RegExp'
  if (types.isNativeError(value) || value instanceof Error) return 'Error'
  if (types.isAnyArrayBuffer(value)) return types.isSharedArrayBuffer(value) ? 'SharedArrayBuffer' : 'ArrayBuffer'
  if (types.isBoxedPrimitive(value)) return 'boxed primitive'
  return liveKind(value)
}

/** The kind of an object that stands for something which goes on in this process: as a plain object it would be empty. */
export function liveKind(value: object): string | undefined {
  if (types.isPromise(value)) return 'Promise'
  if (types.isWeakMap(value)) return 'WeakMap'
  if (types.isWeakSet(value)) return 'WeakSet'
  if (value instanceof WeakRef) return 'WeakRef'
  if (types.isGeneratorObject(value) || types.isMapIterator(value) || types.isSetIterator(value)) return 'iterator'
  if (types.isSharedArrayBuffer(value)) return 'SharedArrayBuffer'
  if (types.isKeyObject(value) || types.isCryptoKey(value)) return 'cryptographic key'
  return undefined
}

/** What to do instead of storing an object of a live kind. */
export function adviceFor(kind: string): string {
  return kind === 'Promise' ? 'Await it first.' : 'Store the data that it stands for.'
}
