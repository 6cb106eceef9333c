import { bytes, cbor, json, msgpack, v8 } from '@shale/codecs'
import { type CodecCapabilities, codecContract } from '@shale/testing'
import { describe, test } from 'vitest'

const everything: CodecCapabilities = {
  undefinedProperties: 'kept',
  undefinedItems: 'kept',
  negativeZero: 'kept',
  nonFinite: 'kept',
  bigints: 'kept',
  dates: 'kept',
  maps: 'kept',
  sets: 'kept',
  regexps: 'kept',
  errors: 'kept',
  buffers: 'kept',
  uint8Arrays: 'kept',
  typedArrays: 'kept',
  holes: 'kept',
  cycles: 'kept',
  sharedReferences: 'kept',
  oddStrings: 'kept',
  protoKeys: 'kept',
}

describe('cbor protocol 1', () => codecContract({ test, create: () => cbor({ protocol: 1 }), capabilities: everything }))
describe('cbor protocol 2', () => codecContract({ test, create: () => cbor({ protocol: 2 }), capabilities: everything }))
describe('json', () =>
  codecContract({
    test,
    create: json,
    capabilities: {
      undefinedProperties: 'changed',
      negativeZero: 'changed',
      dates: 'changed',
      sharedReferences: 'changed',
      oddStrings: 'kept',
      protoKeys: 'kept',
    },
  }))
describe('msgpack', () =>
  codecContract({
    test,
    create: msgpack,
    capabilities: {
      undefinedProperties: 'kept',
      undefinedItems: 'kept',
      negativeZero: 'changed',
      nonFinite: 'kept',
      dates: 'kept',
      sharedReferences: 'changed',
      buffers: 'kept',
    },
  }))
describe('v8', () =>
  codecContract({
    test,
    create: v8,
    capabilities: { ...everything, errors: 'refused', holes: 'refused' },
  }))
describe('bytes', () => codecContract({ test, create: bytes, capabilities: { plain: 'refused', buffers: 'kept', uint8Arrays: 'changed' } }))
