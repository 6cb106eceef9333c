/** The tags of CBOR that entries hold. Each is registered with IANA; see docs/format.md for the shape that each needs. */
export const tag = {
  date: 1,
  positiveBigint: 2,
  negativeBigint: 3,
  object: 27,
  shared: 28,
  reference: 29,
  uint8Array: 64,
  set: 258,
  map: 259,
  wtf8: 273,
} as const

/** The constructors of typed arrays under their tags (RFC 8746, little-endian). `Uint8Array` has `tag.uint8Array`. */
export const typedArrayTags: ReadonlyMap<number, TypedArrayConstructor> = new Map<number, TypedArrayConstructor>([
  [64, Uint8Array],
  [68, Uint8ClampedArray],
  [69, Uint16Array],
  [70, Uint32Array],
  [71, BigUint64Array],
  [72, Int8Array],
  [77, Int16Array],
  [78, Int32Array],
  [79, BigInt64Array],
  [85, Float32Array],
  [86, Float64Array],
])

/** What makes a typed array. */
export interface TypedArrayConstructor {
  readonly name: string
  readonly BYTES_PER_ELEMENT: number
  readonly prototype: object
  new (buffer: ArrayBuffer): ArrayBufferView
}

/** The kinds of error that come back as themselves; all others come back as `Error` under their name. */
export const errorTypes: ReadonlyMap<string, ErrorConstructor> = new Map(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((type) => [type.name, type as ErrorConstructor]),
)

/** The tag of the first record of an entry (protocol 2); those of the others follow. Source: the records of cbor-x. */
export const firstRecord = 0xe000
/** The first byte of a payload (protocol 2) that holds texts which are not ASCII; without it all are. */
export const otherTexts = 0
/** The most record definitions in one entry. */
export const maxDefinitions = 128
/** The most keys of a record. */
export const maxRecordKeys = 64
/** The longest block of record definitions, in bytes. */
export const maxDefinitionBytes = 4000

/** Whether multi-byte numbers are laid out in memory as in the entries. */
export const littleEndian: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** Turns every element of `bytes` round, for machines that are not little-endian. */
export function swapElements(bytes: Uint8Array, size: number): void {
  for (let i = 0; i < bytes.length; i += size) bytes.subarray(i, i + size).reverse()
}
