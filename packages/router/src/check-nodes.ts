import { describe, ShaleError, type RouterNode } from '@shale/contracts'

/** A node whose weight is stated. */
export interface WeightedNode extends RouterNode {
  readonly weight: number
}

/** The lightest and the heaviest node there can be. */
const minWeight = 1e-6
const maxWeight = 1e6

/**
 * The nodes that a router is made of, checked, with their weights, in an array that nobody else holds.
 *
 * @throws ShaleError `CONFIG_INVALID` for anything but an array of at least one `{ name, weight? }` in which names are
 * non-empty, well-formed strings that differ, and weights are numbers from 0.000001 to 1,000,000.
 */
export function checkNodes(nodes: readonly RouterNode[]): readonly WeightedNode[] {
  if (!Array.isArray(nodes)) throw invalid(`nodes: expected an array of { name, weight? }; found ${describe(nodes)}.`)
  if (nodes.length === 0)
    throw invalid('nodes: expected at least one { name, weight? }; found an empty array. Name the shards to route to.')
  const owners = new Map<string, number>()
  const checked = Array.from(nodes as readonly unknown[], (node, index) => {
    const found = checkNode(node, `nodes[${index}]`)
    const owner = owners.get(found.name)
    if (owner !== undefined) {
      throw invalid(
        `nodes: expected a name of its own for each; found ${describe(found.name)} at ${owner} and at ${index}. Rename one, or leave it out.`,
      )
    }
    owners.set(found.name, index)
    return found
  })
  return Object.freeze(checked)
}

/**
 * The number of nodes that a ranking is asked for.
 *
 * @throws ShaleError `CONFIG_INVALID` for anything but a whole number from 0.
 */
export function checkCount(count: number): number {
  if (Number.isInteger(count) && count >= 0) return count
  throw invalid(`count: expected a whole number from 0; found ${describe(count)}. State how many nodes to rank.`)
}

function checkNode(node: unknown, place: string): WeightedNode {
  if (typeof node !== 'object' || node === null || Array.isArray(node)) {
    throw invalid(`${place}: expected { name, weight? }; found ${describe(node)}.`)
  }
  const unknown = Object.keys(node).find((key) => key !== 'name' && key !== 'weight')
  if (unknown !== undefined)
    throw invalid(`${place}: expected name and weight only; found the unknown property ${describe(unknown)}. Leave it out.`)
  const { name, weight = 1 } = node as { name?: unknown; weight?: unknown }
  if (typeof name !== 'string' || name === '' || !name.isWellFormed()) {
    throw invalid(
      `${place}.name: expected a non-empty, well-formed string; found ${describe(name)}. The name decides which keys the node gets.`,
    )
  }
  if (typeof weight === 'number' && weight >= minWeight && weight <= maxWeight) return Object.freeze({ name, weight })
  throw invalid(
    `${place}.weight: expected a number from 0.000001 to 1000000; found ${describe(weight)}. ` +
      'Weights are relative: scale them together, and leave out a node that is to have no keys.',
  )
}

export function invalid(message: string): ShaleError {
  return new ShaleError('CONFIG_INVALID', message)
}
