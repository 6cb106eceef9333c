/** Sets a property of that very name, also where assignment would mean something else. */
export function setOwn(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, configurable: true, enumerable: true, writable: true })
}
