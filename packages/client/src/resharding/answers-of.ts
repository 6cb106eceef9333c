import { ShaleError, type Answer, type Store } from '@shale/contracts'

/** The answers of a store, also where it rejected as a whole. */
export async function answersOf<T>(asked: Promise<Answer<T>[]>, count: number): Promise<Answer<T>[]> {
  try {
    return await asked
  } catch (error) {
    return new Array<Answer<T>>(count).fill(ShaleError.from(error, 'SERVER_UNAVAILABLE'))
  }
}

/** The answer of a batch of one, also where its store rejected. */
export async function firstOf<T>(asked: Promise<Answer<T>[]>): Promise<Answer<T>> {
  try {
    return (await asked)[0] as Answer<T>
  } catch (error) {
    return ShaleError.from(error, 'SERVER_UNAVAILABLE')
  }
}

/** Removes a key; answers whether it was there. */
export async function removeOne(store: Store, key: string): Promise<Answer<boolean>> {
  try {
    const { count, failed } = await store.delete([key])
    return failed?.get(key) ?? count > 0
  } catch (error) {
    return ShaleError.from(error, 'SERVER_UNAVAILABLE')
  }
}
