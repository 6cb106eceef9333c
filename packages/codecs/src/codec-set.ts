import { type Codec, describe, ShaleError } from '@shale/contracts'
import { bytes } from './bytes.ts'
import { cbor } from './cbor.ts'
import { codecIds, codecNames, firstCustomId, lastId } from './codec-ids.ts'
import { json } from './json.ts'
import { hasMsgpackr, msgpack } from './msgpack.ts'
import { unknown } from './problems.ts'

/** The codecs that are read unless `accept` says otherwise. `v8` is none of them: it is for servers that can be trusted. */
function defaults(): Codec[] {
  return [cbor(), json(), ...(hasMsgpackr() ? [msgpack()] : []), bytes()]
}

/** The codecs that may be read, by their ids. */
export class CodecSet {
  readonly #byId: (Codec | undefined)[] = new Array<Codec | undefined>(lastId + 1).fill(undefined)
  #repeated = false

  constructor(writer: Codec, accept: readonly Codec[] | undefined) {
    validate(writer, 'codec')
    if (accept !== undefined && !Array.isArray(accept)) {
      throw new ShaleError('CONFIG_INVALID', `accept: expected an array of codecs; found ${describe(accept)}.`)
    }
    this.#byId[writer.id] = writer
    if (accept === undefined) {
      for (const codec of defaults()) this.#byId[codec.id] ??= codec
    } else {
      accept.forEach((codec, i) => this.#accept(codec, `accept[${i}]`, writer))
    }
  }

  #accept(codec: Codec, option: string, writer: Codec): void {
    validate(codec, option)
    // The codec that writes reads as well, and may be named again.
    if (codec === writer || (codec.id === writer.id && codec.id < firstCustomId)) {
      if (this.#repeated) throw duplicate(codec, writer, option)
      this.#repeated = true
      return
    }
    const other = this.#byId.find((known) => known?.id === codec.id || known?.name === codec.name)
    if (other !== undefined) throw duplicate(codec, other, option)
    this.#byId[codec.id] = codec
  }

  /** The codec of an id, made sure to read the protocol. @throws ShaleError `CODEC_UNKNOWN`. */
  reader(id: number, protocol: number): Codec {
    const codec = this.#byId[id]
    if (codec === undefined) throw unknown(missing(id))
    if (!codec.protocols.includes(protocol)) {
      throw unknown(
        `${codec.name} protocol ${protocol} is not one that this release reads (${codec.protocols.join(', ')}). Upgrade the readers first.`,
      )
    }
    return codec
  }

  /** What people call a codec, also one that is not in the set. */
  nameOf(id: number): string {
    return this.#byId[id]?.name ?? codecNames.get(id) ?? `codec ${id}`
  }
}

function duplicate(codec: Codec, other: Codec, option: string): ShaleError {
  const what = codec.id === other.id ? `the id ${codec.id}` : `the name ${JSON.stringify(codec.name)}`
  return new ShaleError(
    'CONFIG_INVALID',
    `${option}: expected each codec once; found a second one with ${what}. Remove it, or give it another.`,
  )
}

function missing(id: number): string {
  if (id === codecIds.msgpack && !hasMsgpackr())
    return 'it was written by msgpack, which needs the package msgpackr. Install it: npm install msgpackr.'
  const name = codecNames.get(id)
  return name === undefined
    ? `it was written by a codec of id ${id}, which is not among codec and accept. Add it to accept.`
    : `it was written by ${name}, which is not among codec and accept. Add ${name}() to accept.`
}

function validate(codec: unknown, option: string): asserts codec is Codec {
  const fail = (expected: string, found: unknown): never => {
    throw new ShaleError('CONFIG_INVALID', `${option}: expected ${expected}; found ${describe(found)}.`)
  }
  if (typeof codec !== 'object' || codec === null) fail('a codec such as cbor()', codec)
  const { id, name, protocol, protocols, encode, decode } = codec as Partial<Codec>
  if (!isByte(id)) fail(`id to be an integer from ${firstCustomId} to ${lastId}`, id)
  if (typeof name !== 'string' || name === '') fail('name to be a string that is not empty', name)
  if (id! < firstCustomId && (id === codecIds.integer || codecNames.get(id!) !== name))
    fail(`id to be from ${firstCustomId} to ${lastId}, since lower ones are Shale's own`, id)
  if (id! >= firstCustomId && [...codecNames.values()].includes(name!)) fail("name to be none of Shale's own", name)
  if (!isByte(protocol)) fail('protocol to be an integer from 0 to 255', protocol)
  if (!Array.isArray(protocols) || !protocols.every(isByte)) fail('protocols to be an array of integers from 0 to 255', protocols)
  if (!protocols!.includes(protocol!)) fail('protocols to include protocol', protocol)
  if (typeof encode !== 'function') fail('encode to be a function', encode)
  if (typeof decode !== 'function') fail('decode to be a function', decode)
}

function isByte(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255
}
