/**
 * Every code that a `ShaleError` can carry. The list is closed: a program that handles each of these
 * handles all that the library can say.
 */
export const errorCodes = [
  'CONFIG_INVALID',
  'KEY_INVALID',
  'KEY_NOT_FOUND',
  'VALUE_INVALID',
  'VALUE_NOT_INTEGER',
  'VALUE_OUT_OF_RANGE',
  'VALUE_TOO_LARGE',
  'CODEC_UNKNOWN',
  'CODEC_CORRUPT',
  'SERVER_UNAVAILABLE',
  'SERVER_TIMEOUT',
  'SERVER_AUTH',
  'SERVER_READONLY',
  'SERVER_OOM',
  'SERVER_REPLY',
  'SHARDS_FAILED',
  'LOAD_TIMEOUT',
  'LOCK_LOST',
  'ABORTED',
  'CLOSED',
] as const

/** One of the closed list of codes. */
export type ErrorCode = (typeof errorCodes)[number]
