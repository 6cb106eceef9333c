import type { CacheOptions } from '@shale/cache'

export const kinds: readonly [Kind, ...Kind[]]
export function keyOf(i: number): string
export function seedTtl(i: number): number | null
export function valueOf(i: number, n: number): unknown
export function seedValue(i: number): unknown

interface Kind extends Required<Pick<CacheOptions, 'codec'>>, Pick<CacheOptions, 'compression'> {
  readonly integer?: boolean
}
