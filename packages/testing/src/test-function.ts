/** What declares a test: `test` of vitest and of `node:test` both fit. */
export type TestFunction = (name: string, run: () => Promise<void>) => unknown
