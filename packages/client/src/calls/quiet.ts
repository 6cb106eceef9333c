import type { ScanPage } from '@shale/contracts'

/** A promise that may be left alone: a rejection that nobody asks for ends no process. */
export function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

/** A scan whose steps may be left alone. */
export function quietPages(pages: AsyncIterable<ScanPage>): AsyncIterable<ScanPage> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = pages[Symbol.asyncIterator]()
      return {
        next: () => quiet(iterator.next()),
        return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
      }
    },
  }
}
