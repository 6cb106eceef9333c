import type { Codec } from '@shale/contracts'
import { codecIds } from './codec-ids.ts'
import { unstorable } from './problems.ts'

/** The codec for bytes as they are: takes a Buffer or another Uint8Array, gives a Buffer. Nothing else can be stored with it, integers excepted. */
export function bytes(): Codec {
  return codec
}

const codec: Codec = Object.freeze({
  id: codecIds.bytes,
  name: 'bytes',
  protocol: 1,
  protocols: Object.freeze([1]),
  encode(value: unknown): Uint8Array {
    if (!(value instanceof Uint8Array)) {
      throw unstorable('bytes', value, value, 'something else than bytes', 'Give a Buffer or a Uint8Array, or choose another codec.')
    }
    return copied(value)
  },
  decode: (stored: Uint8Array): Buffer => copied(stored),
})

function copied(source: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(source.length)
  copy.set(source)
  return copy
}
