/** How a key, its prefix and its version become the key that is stored, and back. */
export interface KeyFormat {
  format(key: string, prefix: string, version: number): string
  /** The reverse: `undefined` for a stored key that is not of this prefix. Without it nothing can scan. */
  parse?(stored: string, prefix: string): { key: string; version: number } | undefined
}
