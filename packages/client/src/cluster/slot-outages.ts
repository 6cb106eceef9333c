/** For how long a call waits for a slot that the cluster does not serve, in milliseconds: a failover that is nearly over costs it no error. */
const patienceMs = 100
/** After so long without a refusal another outage begins with the next one, in milliseconds. */
const apartMs = 1000

/** What waits: whether it writes, and when it was called, by the clock. */
interface Waiting {
  readonly writes: boolean
  readonly since: number
}

/**
 * Since when slots have not been served: by nobody, or by a node that says so (`CLUSTERDOWN`, `LOADING`, `MASTERDOWN`). The first calls
 * wait for a little while; as long as it lasts each write does, so that it meets the new primary, and reads are told at once.
 */
export class SlotOutages {
  readonly #outages = new Map<number, { since: number; heardAt: number }>()

  /** Whether any slot is not served. */
  get isAny(): boolean {
    return this.#outages.size > 0
  }

  /** A slot is not served now: gives whether a call that meets this has waited for long enough. */
  isTold(slot: number, call: Waiting, now: number): boolean {
    let outage = this.#outages.get(slot)
    if (outage === undefined || Math.abs(now - outage.heardAt) > apartMs) {
      outage = { since: now, heardAt: now }
      this.#outages.set(slot, outage)
    }
    outage.heardAt = now
    // The distance in either direction: the clock may be put back.
    return Math.abs(now - (call.writes ? call.since : outage.since)) >= patienceMs
  }

  /** A slot is served. */
  over(slot: number): void {
    this.#outages.delete(slot)
  }
}
