import type { Command, Reply, ShaleError } from '@shale/contracts'
import type { Lane } from './lane.ts'

interface Settle {
  resolve(reply: Reply): void
  reject(error: ShaleError): void
}

/**
 * Commands that concern the keys of several lanes. All of these stand still until what was sent before is answered; then the
 * commands go over the first lane, and when they are answered all go on. So nothing overtakes, in either direction. Barriers
 * enter all their lanes in one turn, hence in the same order everywhere, and cannot wait for each other in a circle.
 */
export class Barrier {
  /** Whether its commands are in flight. */
  running = false
  readonly replies: readonly Promise<Reply>[]
  readonly #lanes: readonly Lane[]
  readonly #commands: readonly Command[]
  readonly #waiting: Settle[] = []
  #missing: number
  #over = false

  constructor(lanes: readonly Lane[], commands: readonly Command[]) {
    this.#lanes = lanes
    this.#commands = commands
    this.#missing = lanes.length
    this.replies = commands.map(() => new Promise((resolve, reject) => this.#waiting.push({ resolve, reject })))
  }

  /** One more lane stands still; `refusal` is why it is too late, if so. */
  arrive(refusal: ShaleError | undefined): void {
    if (refusal !== undefined) return this.abort(refusal)
    if (--this.#missing > 0 || this.#over) return
    this.running = true
    const replies = this.#commands.map((command, i) => {
      const { resolve, reject } = this.#waiting[i] as Settle
      return (this.#lanes[0] as Lane).sendHeld(command).then(resolve, reject)
    })
    void Promise.all(replies).then(() => this.#release())
  }

  /** Gives up before anything was sent. */
  abort(error: ShaleError): void {
    if (this.running || this.#over) return
    for (const { reject } of this.#waiting) reject(error)
    this.#release()
  }

  #release(): void {
    this.#over = true
    this.running = false
    for (const lane of this.#lanes) lane.leave(this)
  }
}
