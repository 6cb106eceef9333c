import { createRequire } from 'node:module'
import { type Codec, ShaleError } from '@shale/contracts'
import { checkData, type Rules } from './check-data.ts'
import { codecIds } from './codec-ids.ts'
import { adviceFor, kindOfObject, liveKind } from './kind-of-object.ts'
import { scanMsgpack } from './msgpack-scan.ts'
import { ownBytes } from './own-bytes.ts'
import { checkBudget, unstorable } from './problems.ts'

/**
 * The codec for MessagePack, by the package `msgpackr`: plain data, `undefined`, Dates and Buffers. `-0` comes back as 0, an
 * object that is met twice as two copies; whatever else would not come back as it went in is `VALUE_INVALID`.
 *
 * @throws ShaleError `CONFIG_INVALID` where `msgpackr` is not installed.
 */
export function msgpack(): Codec {
  if (hasMsgpackr()) return codec
  throw new ShaleError('CONFIG_INVALID', 'msgpack: expected the package msgpackr; found none. Install it: npm install msgpackr.')
}

interface Packr {
  pack(value: unknown): Buffer
  unpack(bytes: Uint8Array): unknown
}

const require = createRequire(import.meta.url)
let found: boolean | undefined
let packr: Packr | undefined

/** Whether `msgpackr` is installed. */
export function hasMsgpackr(): boolean {
  if (found !== undefined) return found
  try {
    require.resolve('msgpackr')
    found = true
  } catch {
    found = false
  }
  return found
}

function loaded(): Packr {
  if (packr !== undefined) return packr
  const { Packr } = require('msgpackr') as { Packr: new (options: object) => Packr }
  packr = new Packr({
    useRecords: false,
    mapsAsObjects: true,
    variableMapSize: true,
    copyBuffers: true,
    structuredClone: false,
    moreTypes: false,
  })
  return packr
}

const byteOrderMark = '\ufeff'

const rules: Rules = {
  codec: 'msgpack',
  references: false,
  primitive(value) {
    if (typeof value === 'bigint') return { found: 'a BigInt', advice: 'Store it as a string, or use cbor().' }
    return typeof value === 'string' ? textProblem(value) : undefined
  },
  key(key) {
    return key === '__proto__' ? { found: 'a key __proto__', advice: 'Choose another key, or use cbor().' } : textProblem(key)
  },
  gap: (hole) => (hole ? { found: 'an array with holes', advice: 'Put null there, or use cbor().' } : undefined),
  special(value) {
    const live = liveKind(value)
    if (live !== undefined) return { found: `a ${live}`, advice: adviceFor(live) }
    const kind = kindOfObject(value)
    if (kind === 'Date' || kind === 'Buffer') return []
    if (kind !== undefined) return { found: `a ${kind}`, advice: 'Turn it into plain data, or use cbor().' }
    const { toJSON } = value as { toJSON?: unknown }
    return typeof toJSON === 'function' && !Object.hasOwn(value, 'toJSON') ? [toJSON.call(value)] : undefined
  },
}

function textProblem(text: string): { found: string; advice: string } | undefined {
  if (!text.isWellFormed()) return { found: 'a string with a lone surrogate', advice: 'Repair it with toWellFormed(), or use cbor().' }
  if (text.startsWith(byteOrderMark)) return { found: 'a string that starts with a byte order mark', advice: 'Cut it off, or use cbor().' }
  return undefined
}

const codec: Codec = Object.freeze({
  id: codecIds.msgpack,
  name: 'msgpack',
  protocol: 1,
  protocols: Object.freeze([1]),
  encode(value: unknown): Uint8Array {
    const objects = checkData(value, rules)
    let packed: Buffer
    try {
      packed = loaded().pack(value)
    } catch (error) {
      throw unstorable(
        'msgpack',
        value,
        undefined,
        `what msgpackr refuses (${error instanceof Error ? error.message : String(error)})`,
        'Use cbor().',
      )
    }
    checkBudget('msgpack', objects, packed.length)
    return ownBytes(packed)
  },
  decode(bytes: Uint8Array): unknown {
    scanMsgpack(bytes)
    return loaded().unpack(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
  },
})
