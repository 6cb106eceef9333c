import { between } from './random.ts'
import type { Member, Shard, World } from './world.ts'

/** Something that goes wrong with a shard for a while. */
interface Fault {
  readonly name: string
  /** Whether writes that were acknowledged may be lost by it, as asynchronous replication has it. */
  readonly lossy: boolean
  run(world: World, shard: Shard, random: () => number): Promise<void>
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const anyOf = (shard: Shard, random: () => number): Member => (random() < 0.6 ? shard.primary : shard.replica)

/** A fault of one member's process or proxy that is undone after a while. */
function passing(name: string, ms: readonly [number, number], begin: (member: Member, random: () => number) => void): Fault {
  return {
    name,
    lossy: false,
    async run(_, shard, random) {
      const member = anyOf(shard, random)
      begin(member, random)
      await wait(between(random, ...ms))
      member.server.resume()
      member.proxy.heal()
    },
  }
}

/** All that goes wrong. */
export const faults: readonly Fault[] = [
  passing('stop', [300, 4000], ({ server }) => server.pause()),
  passing('pause', [20, 200], ({ server }) => server.pause()),
  passing('black hole', [300, 3000], ({ proxy }) => proxy.blackHole(true)),
  passing('latency', [500, 3000], ({ proxy }, random) => proxy.latency(between(random, 10, 150))),
  passing('refuse', [300, 2000], ({ proxy }) => {
    proxy.refuse(true)
    proxy.reset()
  }),
  passing('reset', [1, 10], ({ proxy }) => proxy.reset()),
  passing('cut in mid-reply', [200, 500], ({ proxy }, random) => proxy.cutAfter(between(random, 1, 2000))),
  { name: 'kill the replica', lossy: false, run: (world, shard) => world.restartReplica(shard) },
  { name: 'kill the primary, promote the replica', lossy: true, run: (world, shard) => world.failOver(shard) },
]
