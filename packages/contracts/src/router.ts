/** A shard, as far as routing is concerned. */
export interface RouterNode {
  /** What is hashed: whoever keeps the name may change the address without moving a key. */
  readonly name: string
  /** Its share of the keys, against the weights of the others; 1 unless stated. */
  readonly weight?: number | undefined
}

/**
 * Says which node a stored key lives on. Pure: the same nodes and the same key give the same answer in every process and
 * every release.
 */
export interface Router {
  /** The nodes routed to, in the order they were given. */
  readonly nodes: readonly RouterNode[]
  /** The name of the node that a stored key lives on. */
  route(key: string): string
  /**
   * The names of distinct nodes in the order in which the key prefers them: first the one that `route` gives. As many as
   * `count` says, a whole number from 0; all if there are fewer.
   *
   * @throws ShaleError `CONFIG_INVALID` for another count.
   */
  rank(key: string, count: number): string[]
}

/**
 * Makes a router of nodes.
 *
 * @throws ShaleError `CONFIG_INVALID` for no nodes, names that are empty or used twice, and weights that it cannot honour.
 */
export type RouterFactory = (nodes: readonly RouterNode[]) => Router
