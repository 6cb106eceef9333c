import { randomFillSync } from 'node:crypto'
import { describe, ShaleError } from '@shale/contracts'
import { corrupt, unknown } from './problems.ts'
import { keyBytes, nonceBytes, tagBytes, Xaes256Gcm } from './xaes.ts'

/** Keys to encrypt entries with, so that they can be rotated. */
export interface EncryptionOptions {
  /** 32 bytes each, as they are or as hex or base64 text, under an id of at most 64 characters that is stored with each entry. */
  readonly keys: Readonly<Record<string, Uint8Array | string>>
  /** The id of the key that encrypts; all of them decrypt. */
  readonly current: string
  /** Refuses entries that are not encrypted. Default false: they are read, so that a cache can be moved to encryption while it runs. */
  readonly required?: boolean
}

/** What an entry belongs to: the prefix and key under which it is stored, without the version. */
export interface EntryContext {
  readonly prefix: string
  readonly key: string
}

const idPattern = /^[\x21-\x7e]{1,64}$/
const pooledNonces = 256

/** Encrypts entries, bound to their header and to what they belong to. No key can be seen in it. */
export class Encryption {
  readonly current: string
  readonly required: boolean
  readonly #ciphers = new Map<string, Xaes256Gcm>()
  readonly #nonces = new Uint8Array(nonceBytes * pooledNonces)
  #nextNonce = pooledNonces

  constructor(options: EncryptionOptions) {
    if (typeof options !== 'object' || options === null) throw invalid(`an object { keys, current }; found ${kindOf(options)}`)
    const { keys, current, required = false, ...others } = options
    for (const name of Object.keys(others)) throw invalid(`keys, current and required alone; found ${describe(name)}. Remove it`)
    if (typeof keys !== 'object' || keys === null) throw invalid(`keys to be an object of keys under their ids; found something else`)
    for (const [id, key] of Object.entries(keys)) {
      if (!idPattern.test(id)) throw invalid(`each id to be 1 to 64 visible ASCII characters; found ${describe(id)}`)
      this.#ciphers.set(id, new Xaes256Gcm(keyOf(id, key)))
    }
    if (typeof current !== 'string' || !this.#ciphers.has(current)) {
      throw invalid(
        `current to be one of the ids of keys (${[...this.#ciphers.keys()].join(', ') || 'there are none'}); found ${kindOf(current)}`,
      )
    }
    if (typeof required !== 'boolean') throw invalid(`required to be true or false; found ${describe(required)}`)
    this.current = current
    this.required = required
  }

  /** The whole entry: the header, a nonce, the encrypted payload, a tag. */
  seal(header: Uint8Array, payload: Uint8Array, context: EntryContext): Uint8Array {
    const nonce = this.#nonce()
    const [text, rest, tag] = this.#ciphers.get(this.current)!.seal(nonce, payload, authenticated(header, context)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ]
    const start = header.length + nonceBytes
    const entry = Buffer.allocUnsafeSlow(start + text.length + rest.length + tagBytes)
    entry.set(header)
    entry.set(nonce, header.length)
    entry.set(text, start)
    entry.set(rest, start + text.length)
    entry.set(tag, start + text.length + rest.length)
    return entry
  }

  /** The payload of an entry. @throws ShaleError `CODEC_UNKNOWN` without the key, `CODEC_CORRUPT` if anything does not match. */
  open(id: string, header: Uint8Array, sealed: Uint8Array, context: EntryContext): Uint8Array {
    const cipher = this.#ciphers.get(id)
    if (cipher === undefined)
      throw unknown(`it is encrypted with the key ${JSON.stringify(id)}, which is not among encryption.keys. Add it.`)
    if (sealed.length < nonceBytes + tagBytes) throw corrupt('it is too short to be encrypted')
    try {
      return cipher.open(sealed.subarray(0, nonceBytes), sealed.subarray(nonceBytes), authenticated(header, context))
    } catch {
      throw corrupt(
        'it does not decrypt: its bytes were changed, it was stored under another prefix or key, or its encryption key is another of the same id',
      )
    }
  }

  #nonce(): Uint8Array {
    if (this.#nextNonce === pooledNonces) {
      randomFillSync(this.#nonces)
      this.#nextNonce = 0
    }
    const start = nonceBytes * this.#nextNonce++
    return this.#nonces.slice(start, start + nonceBytes)
  }
}

/** The header, prefix and key, each behind its length, so that no two triples look alike. */
function authenticated(header: Uint8Array, { prefix, key }: EntryContext): Uint8Array {
  const parts = [header, Buffer.from(prefix), Buffer.from(key)]
  const bytes = Buffer.alloc(parts.reduce((sum, part) => sum + 4 + part.length, 0))
  let pos = 0
  for (const part of parts) {
    pos = bytes.writeUInt32BE(part.length, pos)
    bytes.set(part, pos)
    pos += part.length
  }
  return bytes
}

function keyOf(id: string, key: unknown): Uint8Array {
  const bytes = typeof key === 'string' ? fromText(key) : key instanceof Uint8Array ? key : undefined
  if (bytes?.length === keyBytes) return bytes
  // The key itself is never shown, not even a wrong one.
  throw invalid(
    `the key ${JSON.stringify(id)} to be ${keyBytes} bytes, or as many as hex or base64 text; found ${bytes === undefined ? 'something else' : `${bytes.length} bytes`}`,
  )
}

function fromText(text: string): Uint8Array | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex')
  if (/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) return Buffer.from(text, 'base64')
  return undefined
}

/** What a value is, without showing it: a key may have been put in its place. */
function kindOf(value: unknown): string {
  return typeof value === 'string' ? `a string of ${value.length} characters` : describe(value)
}

function invalid(expected: string): ShaleError {
  return new ShaleError('CONFIG_INVALID', `encryption: expected ${expected}.`)
}
