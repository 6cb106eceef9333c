export { cbor, type CborOptions } from './cbor.ts'
