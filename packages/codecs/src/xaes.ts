import { createCipheriv, createDecipheriv, type Cipher } from 'node:crypto'

export const nonceBytes = 24
export const tagBytes = 16
export const keyBytes = 32

/**
 * XAES-256-GCM: AES-256-GCM under a key that is derived for each message from half of a nonce of 192 bits. A nonce of that
 * size can be drawn at random for any number of messages. Source: https://c2sp.org/XAES-256-GCM
 */
export class Xaes256Gcm {
  readonly #block: Cipher
  readonly #k1: Uint8Array

  constructor(key: Uint8Array) {
    this.#block = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false)
    const l = this.#block.update(new Uint8Array(16))
    const k1 = new Uint8Array(16)
    for (let i = 0; i < 16; i++) k1[i] = (l[i]! << 1) | (i < 15 ? l[i + 1]! >> 7 : 0)
    if (l[0]! >> 7 === 1) k1[15]! ^= 0x87
    this.#k1 = k1
  }

  /** The ciphertext of `parts`, one after the other, and the tag behind it. */
  seal(nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Uint8Array[] {
    const cipher = createCipheriv('aes-256-gcm', this.#derive(nonce), nonce.subarray(12, nonceBytes))
    cipher.setAAD(aad)
    const text = cipher.update(plaintext)
    return [text, cipher.final(), cipher.getAuthTag()]
  }

  /** The plaintext. Throws if anything was changed. */
  open(nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Uint8Array {
    const decipher = createDecipheriv('aes-256-gcm', this.#derive(nonce), nonce.subarray(12, nonceBytes), { authTagLength: tagBytes })
    decipher.setAAD(aad)
    decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes))
    const text = decipher.update(sealed.subarray(0, sealed.length - tagBytes))
    const rest = decipher.final()
    return rest.length === 0 ? text : Buffer.concat([text, rest])
  }

  #derive(nonce: Uint8Array): Uint8Array {
    const blocks = new Uint8Array(32)
    for (let block = 0; block < 2; block++) {
      const start = block * 16
      blocks[start + 1] = block + 1
      blocks[start + 2] = 0x58
      for (let i = 0; i < 12; i++) blocks[start + 4 + i] = nonce[i]!
      for (let i = 0; i < 16; i++) blocks[start + i]! ^= this.#k1[i]!
    }
    return this.#block.update(blocks)
  }
}
