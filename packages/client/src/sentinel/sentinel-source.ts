import { ShaleError, type Clock, type TimerHandle } from '@shale/contracts'
import type { MemberSource } from '../replicas/member-source.ts'
import type { SentinelPeer } from './sentinel-peer.ts'
import type { SentinelView } from './sentinel-view.ts'

export interface SentinelSourceOptions {
  readonly shard: string
  readonly peers: readonly SentinelPeer[]
  readonly clock: Clock
  /** The servers, as `host:port`, the primary first. */
  found(servers: readonly string[]): void
}

/** Between two looks while all is well. */
const lookMs = 1000
/** How long the first sentinel to answer waits for the others. */
const hearOthersMs = 100

/**
 * The members of a replica set as sentinels name them. All sentinels are asked; of those that have answered the one counts that
 * has seen the latest failover.
 */
export class SentinelSource implements MemberSource {
  readonly #options: SentinelSourceOptions
  #lookedAt = -Infinity

  constructor(options: SentinelSourceOptions) {
    this.#options = options
  }

  async look(isUrgent: boolean): Promise<void> {
    const { clock, found } = this.#options
    const now = clock.now()
    if (!isUrgent && Math.abs(now - this.#lookedAt) < lookMs) return
    const { views, errors } = await this.#askAll()
    if (views.length === 0) throw this.#nobody(errors)
    this.#lookedAt = now
    found(views.reduce((best, view) => (isNewer(view, best) ? view : best)).servers)
  }

  /** Rejects with the error of a sentinel that answers and is the wrong one, or if none answers. */
  async check(): Promise<void> {
    const { views, errors } = await this.#askAll()
    const wrong = errors.find(({ code }) => code === 'CONFIG_INVALID')
    if (wrong !== undefined) throw wrong
    if (views.length === 0) throw this.#nobody(errors)
  }

  /** What the sentinels say; settles `hearOthersMs` after the first that says something, or with the last one. */
  #askAll(): Promise<{ views: readonly SentinelView[]; errors: readonly ShaleError[] }> {
    const { peers, clock } = this.#options
    const views: SentinelView[] = []
    const errors: ShaleError[] = []
    return new Promise((resolve) => {
      let timer: TimerHandle | undefined
      const done = (): void => {
        clock.clearTimeout(timer)
        resolve({ views, errors })
      }
      const heard = (): void => {
        if (views.length + errors.length === peers.length) done()
        else if (views.length > 0) timer ??= clock.setTimeout(done, hearOthersMs, true)
      }
      for (const peer of peers) {
        peer
          .ask()
          .then(
            (view) => views.push(view),
            (error: unknown) => errors.push(ShaleError.from(error, 'SERVER_UNAVAILABLE')),
          )
          .then(heard, heard)
      }
    })
  }

  #nobody(errors: readonly ShaleError[]): ShaleError {
    const { shard, peers } = this.#options
    const telling = errors.find(({ code }) => code === 'CONFIG_INVALID') ?? errors.find(({ code }) => code === 'SERVER_AUTH')
    if (telling !== undefined) return telling
    const names = peers.map(({ name }) => name).join(', ')
    return new ShaleError(
      errors[0]?.code ?? 'SERVER_UNAVAILABLE',
      `${shard}: expected one of the sentinels ${names} to answer; none does. Check their addresses and that they run. ${errors[0]?.message ?? ''}`.trim(),
      { cause: errors[0] },
    )
  }
}

function isNewer(view: SentinelView, than: SentinelView): boolean {
  return view.epoch > than.epoch || (view.epoch === than.epoch && view.isFailingOver && !than.isFailingOver)
}
