import { hasTag, slotCount, slotOf } from '../cluster/slot.ts'

/** Where the lease of a stored key is kept: on the same server, and under no key that an entry can have. */
export type LeaseNaming = (stored: string) => string

const prefix = 'shale~lease:'
/** Of a key that itself names no tag, so that 'a' and '{a}' have two leases. */
const taggedPrefix = 'shale~lease~'

export const usualLeaseKey: LeaseNaming = (stored) => prefix + stored

/** Where a lease is kept that has a name, by where the one without a name is: in the same slot, since names are of letters. */
export const namedLeaseKey = (name: string, at: string): string => `${name}~${at}`

/** The lease of a key in a cluster: in the slot of the key itself. */
export const clusterLeaseKey: LeaseNaming = (stored) => {
  if (hasTag(stored)) return prefix + stored
  // Up to the first '}' all is the tag: here, the whole key.
  if (!stored.includes('}')) return `${taggedPrefix}{${stored}}`
  return `${taggedPrefix}{${numberOf(slotOf(stored))}}:${stored}`
}

/** The same with a naming of one's own, as far as that leads to the slot of the key or can be made to. */
export function inSlotOfKey(naming: LeaseNaming): LeaseNaming {
  return (stored) => {
    // The last character says which of the two it is, so that 'a' and 'a{a}' have two leases.
    const at = hasTag(stored) ? `${naming(stored)}~` : `${naming(stored)}{${stored}}`
    return slotOf(at) === slotOf(stored) ? at : clusterLeaseKey(stored)
  }
}

const numbers = new Map<number, number>()
let next = 0

/** The least number that, written out, is a tag of the slot. */
function numberOf(slot: number): number {
  // Every slot has one well below a million.
  while (!numbers.has(slot) && numbers.size < slotCount) {
    const of = slotOf(String(next))
    if (!numbers.has(of)) numbers.set(of, next)
    next++
  }
  return numbers.get(slot) as number
}
