import { isUtf8 } from 'node:buffer'
import { maxDepth, objectBudget } from './limits.ts'
import { corrupt, tooDeep, tooManyObjects } from './problems.ts'

const undefinedType = 0x00
const timestampType = 0xff
const protoKey = Buffer.from('__proto__')

/**
 * Makes sure that bytes are one well-formed value of MessagePack whose reading costs no more than its size warrants, in
 * the forms that the codec writes: no extensions but timestamps and undefined, keys that are texts. Source:
 * https://github.com/msgpack/msgpack/blob/master/spec.md
 */
export function scanMsgpack(bytes: Uint8Array): void {
  // How many items each open array or map still needs; for maps, keys count, and an even number is left before each.
  const left: number[] = [1]
  const isMap: boolean[] = [false]
  let pending = 1
  let budget = objectBudget(bytes.length)
  let pos = 0
  while (left.length > 0) {
    const level = left.length - 1
    if (left[level] === 0) {
      left.pop()
      isMap.pop()
      continue
    }
    if (pos >= bytes.length) throw corrupt('it ends in the middle of a value')
    const first = bytes[pos]!
    const isKey = isMap[level] === true && left[level]! % 2 === 0
    left[level]!--
    pending--
    const head = headOf(bytes, pos, first)
    if (isKey && head.kind !== 'text') throw corrupt('a key that is no text in an object')
    pos += head.size
    if (head.length > bytes.length - pos) throw corrupt(`a length of ${head.length} with ${bytes.length - pos} bytes left`)
    if (head.kind === 'array' || head.kind === 'map') {
      if (--budget < 0) throw tooManyObjects()
      if (left.length > maxDepth) throw tooDeep()
      const items = head.kind === 'map' ? head.length * 2 : head.length
      pending += items
      // Every item takes a byte: what is announced all in all cannot be more than what is left.
      if (pending > bytes.length - pos) throw corrupt('more items than bytes')
      left.push(items)
      isMap.push(head.kind === 'map')
    } else {
      if (head.kind === 'text') checkText(bytes, pos, head.length, isKey)
      else if (head.kind === 'object' && --budget < 0) throw tooManyObjects()
      pos += head.length
    }
  }
  if (pos !== bytes.length) throw corrupt(`${bytes.length - pos} bytes are left after the value`)
}

interface Head {
  kind: 'leaf' | 'text' | 'object' | 'array' | 'map'
  /** Bytes before the contents. */
  size: number
  /** Bytes of a leaf, text or object; items of an array; pairs of a map. */
  length: number
}

const head: Head = { kind: 'leaf', size: 1, length: 0 }

function set(kind: Head['kind'], size: number, length: number): Head {
  head.kind = kind
  head.size = size
  head.length = length
  return head
}

function headOf(bytes: Uint8Array, pos: number, first: number): Head {
  if (first < 0x80 || first >= 0xe0) return set('leaf', 1, 0)
  if (first < 0x90) return set('map', 1, first & 15)
  if (first < 0xa0) return set('array', 1, first & 15)
  if (first < 0xc0) return set('text', 1, first & 31)
  switch (first) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
      return set('leaf', 1, 0)
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return sized(bytes, pos, 'object', 1 << (first - 0xc4))
    case 0xc7:
      return extension(bytes, pos + 1, bytes[pos + 1]!, 2)
    case 0xca:
    case 0xce:
    case 0xd2:
      return set('leaf', 1, 4)
    case 0xcb:
    case 0xcf:
    case 0xd3:
      return set('leaf', 1, 8)
    case 0xcc:
    case 0xd0:
      return set('leaf', 1, 1)
    case 0xcd:
    case 0xd1:
      return set('leaf', 1, 2)
    case 0xd4:
    case 0xd6:
    case 0xd7:
      return extension(bytes, pos, 1 << (first - 0xd4), 1)
    case 0xd9:
    case 0xda:
    case 0xdb:
      return sized(bytes, pos, 'text', 1 << (first - 0xd9))
    case 0xdc:
    case 0xdd:
      return sized(bytes, pos, 'array', 2 << (first - 0xdc))
    case 0xde:
    case 0xdf:
      return sized(bytes, pos, 'map', 2 << (first - 0xde))
    default:
      throw corrupt(`byte 0x${first.toString(16)}, which is no value`)
  }
}

function sized(bytes: Uint8Array, pos: number, kind: Head['kind'], size: number): Head {
  if (pos + 1 + size > bytes.length) throw corrupt('it ends in the middle of a value')
  let length = 0
  for (let i = 1; i <= size; i++) length = length * 256 + bytes[pos + i]!
  return set(kind, 1 + size, length)
}

function extension(bytes: Uint8Array, pos: number, length: number, size: number): Head {
  const type = bytes[pos + 1]
  const isKnown =
    (type === undefinedType && length === 1 && size === 1) ||
    (type === timestampType && ((size === 1 && (length === 1 || length === 4 || length === 8)) || (size === 2 && length === 12)))
  if (!isKnown) throw corrupt('an extension that has no meaning here')
  return set(type === timestampType ? 'object' : 'leaf', 1 + size, length)
}

function checkText(bytes: Uint8Array, start: number, length: number, isKey: boolean): void {
  let all = 0
  for (let i = start; i < start + length; i++) all |= bytes[i]!
  if (all >= 0x80) {
    const text = bytes.subarray(start, start + length)
    if (!isUtf8(text)) throw corrupt('a text that is not UTF-8')
    if (text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf) throw corrupt('a text that starts with a byte order mark')
  }
  if (isKey && length === protoKey.length && protoKey.compare(bytes, start, start + length) === 0) throw corrupt('a key __proto__')
}
