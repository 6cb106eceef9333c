import { deserialize, serialize } from 'node:v8'
import type { Codec } from '@shale/contracts'
import { checkData, type Rules } from './check-data.ts'
import { codecIds } from './codec-ids.ts'
import { adviceFor, kindOfObject, liveKind } from './kind-of-object.ts'
import { ownBytes } from './own-bytes.ts'
import { checkBudget, unstorable } from './problems.ts'
import { scanV8 } from './v8-scan.ts'

/**
 * The codec for the engine's own format, by `node:v8`. It is tied to the engine: what a later Node wrote an earlier one may
 * not read. It is for servers that can be trusted, and read only where it is named. Errors, arrays with holes and what
 * stands for something going on are `VALUE_INVALID`.
 */
export function v8(): Codec {
  return codec
}

const rules: Rules = {
  codec: 'v8',
  references: true,
  primitive: () => undefined,
  key: () => undefined,
  gap: (hole) => (hole ? { found: 'an array with holes', advice: 'Put undefined there, or use cbor().' } : undefined),
  special(value) {
    const live = liveKind(value)
    if (live !== undefined) return { found: `a ${live}`, advice: adviceFor(live) }
    const kind = kindOfObject(value)
    if (kind === 'Map') return [...(value as Map<unknown, unknown>)].flat(1)
    if (kind === 'Set') return [...(value as Set<unknown>)]
    if (kind === 'Error') return { found: 'an Error', advice: 'Turn it into plain data, or use cbor().' }
    return kind === undefined ? undefined : []
  },
}

const codec: Codec = Object.freeze({
  id: codecIds.v8,
  name: 'v8',
  protocol: 1,
  protocols: Object.freeze([1]),
  encode(value: unknown): Uint8Array {
    const objects = checkData(value, rules)
    let serialized: Buffer
    try {
      serialized = serialize(value)
    } catch (error) {
      throw unstorable(
        'v8',
        value,
        undefined,
        `what the engine refuses (${error instanceof Error ? error.message : String(error)})`,
        'Use cbor().',
      )
    }
    checkBudget('v8', objects, serialized.length)
    return ownBytes(serialized)
  },
  decode(bytes: Uint8Array): unknown {
    scanV8(bytes)
    // Typed arrays come back as views of what is handed over.
    const copy = Buffer.allocUnsafeSlow(bytes.length)
    copy.set(bytes)
    return deserialize(copy)
  },
})
