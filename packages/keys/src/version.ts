import { describe, ShaleError } from '@shale/contracts'

/** @throws ShaleError `CONFIG_INVALID` for anything but a safe integer. */
export function checkVersion(version: unknown): number {
  if (Number.isSafeInteger(version)) return version as number
  throw new ShaleError('CONFIG_INVALID', `version: expected an integer of at most 2^53 - 1 either way; found ${describe(version)}.`)
}

/** The version that a text stands for, if it is the one text that is written for it. */
export function parseVersion(text: string): number | undefined {
  const version = Number(text)
  return Number.isSafeInteger(version) && String(version) === text ? version : undefined
}
