import { describe, ShaleError, type Random } from '@shale/contracts'

/** A server that may be read, as a policy sees it. */
export interface ReadableServer {
  /** As it may be shown. */
  readonly name: string
  readonly role: 'primary' | 'replica'
  /** Milliseconds from a command to its reply, smoothed; `undefined` before the first. */
  readonly latency: number | undefined
  /** At most so many milliseconds behind the primary, by the latest sample; 0 for the primary itself. */
  readonly lag: number | undefined
  /** Its share of the reads, against the weights of the others. */
  readonly weight: number
}

/**
 * Chooses who is read, of the servers that may be: the primary, where it answers, and the replicas that keep up. `undefined`
 * is the primary. It is called for each batch of reads, and must not keep the list.
 */
export type ReadFunction = (servers: readonly ReadableServer[]) => ReadableServer | undefined

export type ReadPolicyName = 'primary' | 'primary-preferred' | 'replica' | 'replica-preferred' | 'any' | 'nearest'

/**
 * Who is read. `'primary'`: the primary alone. `'primary-preferred'`: a replica while the primary does not answer.
 * `'replica'`: the replicas by their weights, and the primary while none keeps up. `'replica-preferred'`: the same, and the
 * primary when the replica that was chosen fails. `'any'`: all of them by their weights. `'nearest'`: the one with the least
 * latency. Or a function.
 */
export type ReadFrom = ReadPolicyName | ReadFunction

export interface ReadPolicy {
  /** Whether replicas are never read. */
  readonly primaryOnly: boolean
  /** Whom to read; `undefined` is the primary. */
  choose(servers: readonly ReadableServer[], random: Random): ReadableServer | undefined
  /** Whom to read after one has failed, of the others; `undefined` is the primary, and nobody where it was the primary that failed. */
  chooseAgain(failed: ReadableServer | undefined, others: readonly ReadableServer[], random: Random): ReadableServer | undefined
}

const toPrimary = (): undefined => undefined
const replicasOf = (servers: readonly ReadableServer[]): ReadableServer[] => servers.filter(({ role }) => role === 'replica')
const byWeight = (servers: readonly ReadableServer[], random: Random): ReadableServer | undefined => weighted(replicasOf(servers), random)
const afterFailure: ReadPolicy['chooseAgain'] = (failed, others, random) =>
  failed === undefined || failed.role === 'primary' ? byWeight(others, random) : undefined

const policies: Readonly<Record<ReadPolicyName, ReadPolicy>> = {
  primary: { primaryOnly: true, choose: toPrimary, chooseAgain: toPrimary },
  'primary-preferred': {
    primaryOnly: false,
    choose: (servers, random) => servers.find(({ role }) => role === 'primary') ?? byWeight(servers, random),
    chooseAgain: afterFailure,
  },
  replica: { primaryOnly: false, choose: byWeight, chooseAgain: (_, others, random) => byWeight(others, random) },
  'replica-preferred': { primaryOnly: false, choose: byWeight, chooseAgain: afterFailure },
  any: { primaryOnly: false, choose: weighted, chooseAgain: afterFailure },
  nearest: { primaryOnly: false, choose: nearest, chooseAgain: afterFailure },
}

/**
 * The policy that an option names.
 *
 * @throws ShaleError `CONFIG_INVALID` for anything that is no `ReadFrom`.
 */
export function readPolicy(readFrom: unknown): ReadPolicy {
  if (typeof readFrom === 'function') return ofFunction(readFrom as ReadFunction)
  if (typeof readFrom === 'string' && Object.hasOwn(policies, readFrom)) return policies[readFrom as ReadPolicyName]
  const names = Object.keys(policies).map((name) => `'${name}'`)
  throw new ShaleError('CONFIG_INVALID', `readFrom: expected one of ${names.join(', ')}, or a function; found ${describe(readFrom)}.`)
}

function ofFunction(choose: ReadFunction): ReadPolicy {
  return {
    primaryOnly: false,
    choose(servers) {
      const chosen = chosenBy(choose, servers)
      if (chosen === undefined || servers.includes(chosen as ReadableServer)) return chosen as ReadableServer | undefined
      throw new ShaleError(
        'CONFIG_INVALID',
        `readFrom: expected the function to give one of its servers, or undefined; it gave ${describe(chosen)}.`,
      )
    },
    chooseAgain: afterFailure,
  }
}

function chosenBy(choose: ReadFunction, servers: readonly ReadableServer[]): unknown {
  try {
    return choose(servers)
  } catch (error) {
    const { message } = ShaleError.from(error, 'CONFIG_INVALID')
    const what = `the function threw: ${message.replace(/\.?$/, '.')} It has to give one of its servers, or undefined for the primary.`
    throw new ShaleError('CONFIG_INVALID', `readFrom: ${what}`, { cause: error })
  }
}

function weighted(servers: readonly ReadableServer[], random: Random): ReadableServer | undefined {
  if (servers.length < 2) return servers[0]
  let left = random() * servers.reduce((sum, { weight }) => sum + weight, 0)
  return servers.find(({ weight }) => (left -= weight) < 0) ?? servers.at(-1)
}

/** One that was never measured comes last; of equals the first. */
function nearest(servers: readonly ReadableServer[]): ReadableServer | undefined {
  let best: ReadableServer | undefined
  for (const server of servers) {
    if (best === undefined || (server.latency ?? Infinity) < (best.latency ?? Infinity)) best = server
  }
  return best
}
