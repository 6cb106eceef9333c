import {
  ShaleError,
  type Answer,
  type BatchOperation,
  type Brought,
  type Store,
  type StoreFill,
  type StoreLease,
  type StoreRelease,
} from '@shale/contracts'
import { firstOf, removeOne } from './answers-of.ts'
import type { KeyWork } from './key-changes.ts'

/** Does nothing but bring the entry over. */
export const bringing: KeyWork<Brought> = { needs: 'brought', run: async (_, { brought }) => brought }

/** Removes the key at both places; answers whether it was at one of them. */
export const removal = (key: string): KeyWork<boolean> => ({
  needs: 'emptied',
  run: async (store, { removed }) => {
    const [here, there] = await Promise.all([removeOne(store, key), removed])
    if (ShaleError.is(here)) return here
    return ShaleError.is(there) ? there : here || there
  },
})

/** What an operation does to a key that may have two places. */
export function workOf<I, T>(operation: BatchOperation<I, T>, item: I): KeyWork<T> {
  const at = (store: Store): Promise<Answer<T>> => firstOf(operation.call(store, [item]))
  switch (operation.name) {
    case 'set':
      return { needs: 'emptied', run: at }
    case 'lease':
      return { needs: 'nothing', run: leasing(item as StoreLease) } as unknown as KeyWork<T>
    case 'release':
      return { needs: 'nothing', run: releasing(item as string | StoreRelease) } as unknown as KeyWork<T>
    case 'fill':
      return {
        needs: 'brought',
        run: (store, { store: other }) => {
          const { key, token, name } = item as StoreFill
          const filled = at(store)
          void firstOf(other?.release([{ key, token, name }]) ?? none)
          return filled
        },
      }
    default:
      return { needs: 'brought', run: at }
  }
}

// A lease is kept at both places, so that it is one and the same for processes of either deploy, and of those before and after.

function leasing(lease: StoreLease): KeyWork<boolean>['run'] {
  return async (store, { store: other }) => {
    if (other === undefined) return firstOf(store.lease([lease]))
    const leased = await Promise.all([firstOf(store.lease([lease])), firstOf(other.lease([lease]))])
    if (leased.every((answer) => answer === true)) return true
    for (const one of [store, other]) void firstOf(one.release([lease]))
    return leased.find((answer) => ShaleError.is(answer)) ?? false
  }
}

function releasing(release: string | StoreRelease): KeyWork<boolean>['run'] {
  return async (store, { store: other }) => {
    const released = await Promise.all([firstOf(store.release([release])), other === undefined ? false : firstOf(other.release([release]))])
    return released.find((answer) => ShaleError.is(answer)) ?? released.includes(true)
  }
}

const none: Promise<Answer<boolean>[]> = Promise.resolve([])
