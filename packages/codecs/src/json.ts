import { isUtf8 } from 'node:buffer'
import type { Codec } from '@shale/contracts'
import { checkData, type Rules } from './check-data.ts'
import { codecIds } from './codec-ids.ts'
import { adviceFor, kindOfObject, liveKind } from './kind-of-object.ts'
import { maxDepth, objectBudget } from './limits.ts'
import { checkBudget, corrupt, tooDeep, tooManyObjects } from './problems.ts'

/**
 * The codec for JSON text, which every language reads. JSON's own rules hold for Dates and other objects with a `toJSON`
 * (they come back as what it gave, a string for a Date), for properties that are undefined (left out), for `-0` (0) and for
 * objects that are met twice (two copies). Whatever else JSON would lose is `VALUE_INVALID`.
 */
export function json(): Codec {
  return codec
}

const rules: Rules = {
  codec: 'json',
  references: false,
  primitive(value) {
    if (value === undefined) return { found: 'undefined', advice: 'Store null.' }
    if (typeof value === 'bigint') return { found: 'a BigInt', advice: 'Store it as a string, or use cbor().' }
    if (typeof value === 'number' && !Number.isFinite(value)) return { found: String(value), advice: 'Store null, or use cbor().' }
    return undefined
  },
  key: () => undefined,
  gap: (hole) => ({ found: hole ? 'an array with holes' : 'an array with undefined in it', advice: 'Put null there, or use cbor().' }),
  special(value) {
    const live = liveKind(value)
    if (live !== undefined) return { found: `a ${live}`, advice: adviceFor(live) }
    const kind = kindOfObject(value)
    if (kind === 'Date')
      return Number.isNaN((value as Date).getTime()) ? { found: 'an invalid Date', advice: 'Store null, or use cbor().' } : []
    if (kind === undefined) {
      const { toJSON } = value as { toJSON?: unknown }
      return typeof toJSON === 'function' && !Object.hasOwn(value, 'toJSON') ? [toJSON.call(value, '')] : undefined
    }
    return { found: `a ${kind}`, advice: 'Turn it into plain data, or use cbor().' }
  },
}

const codec: Codec = Object.freeze({
  id: codecIds.json,
  name: 'json',
  protocol: 1,
  protocols: Object.freeze([1]),
  encode(value: unknown): Uint8Array {
    const objects = checkData(value, rules)
    const text = JSON.stringify(value)
    const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text))
    checkBudget('json', objects, bytes.length)
    bytes.write(text, 'utf8')
    return bytes
  },
  decode(bytes: Uint8Array): unknown {
    if (!isUtf8(bytes)) throw corrupt('a JSON text that is not UTF-8')
    checkText(bytes)
    try {
      return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'))
    } catch {
      throw corrupt('a text that is not JSON')
    }
  },
})

/** Bounds nesting and objects before anything is parsed. */
function checkText(bytes: Uint8Array): void {
  let depth = 0
  let budget = objectBudget(bytes.length)
  for (let i = 0; i < bytes.length; i++) {
    switch (bytes[i]) {
      case 0x22: // a string: to its end
        for (i++; i < bytes.length && bytes[i] !== 0x22; i++) if (bytes[i] === 0x5c) i++
        break
      case 0x5b:
      case 0x7b:
        if (++depth > maxDepth) throw tooDeep()
        if (--budget < 0) throw tooManyObjects()
        break
      case 0x5d:
      case 0x7d:
        depth--
    }
  }
}
