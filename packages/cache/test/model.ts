/** What a cache is, in the fewest words: the reference for the property test. Time does not pass here. */
export class Model {
  readonly entries = new Map<string, { value: unknown; ttl: number | null }>()

  at = (key: string, version: number): string => `${version} ${key}`
  get = (key: string, version: number): unknown => this.entries.get(this.at(key, version))?.value
  set = (key: string, version: number, value: unknown, ttl: number | null): void =>
    void (ttl !== null && ttl <= 0 ? this.entries.delete(this.at(key, version)) : this.entries.set(this.at(key, version), { value, ttl }))
  has = (key: string, version: number): boolean => this.entries.has(this.at(key, version))
  delete = (key: string, version: number): boolean => this.entries.delete(this.at(key, version))
  ttl = (key: string, version: number): number | null | undefined => this.entries.get(this.at(key, version))?.ttl
  keys = (version: number): string[] =>
    [...this.entries.keys()].filter((at) => at.startsWith(`${version} `)).map((at) => at.slice(`${version} `.length))
}
