import type { RedisServer } from './redis-server.ts'
import { until } from './until.ts'

/** A slot on its way from one primary to another. */
export interface SlotMigration {
  /** Moves up to so many of the keys that are still at the old place; gives how many it found there. */
  moveKeys(count: number): Promise<number>
  /** Hands the slot over; all its keys must have been moved. */
  finish(): Promise<void>
}

export interface SlotMigrationOptions {
  readonly slot: number
  readonly from: RedisServer & { readonly id: string }
  readonly to: RedisServer & { readonly id: string }
  /** The primaries, which are told at the end. */
  readonly all: () => Promise<readonly RedisServer[]>
  readonly password: string | undefined
}

const moveTimeoutMs = 5000

/**
 * Begins to move a slot, as an operator's tools do it.
 *
 * Source: the documentation of `CLUSTER SETSLOT`, "Redis Cluster live resharding explained".
 */
export async function beginSlotMigration({ slot, from, to, all, password }: SlotMigrationOptions): Promise<SlotMigration> {
  await to.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id)
  await from.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id)
  const login = password === undefined ? [] : ['AUTH', password]
  return {
    async moveKeys(count) {
      const keys = (await from.command('CLUSTER', 'GETKEYSINSLOT', slot, count)) as string[]
      const bytes = keys.map((key) => Buffer.from(key, 'latin1'))
      if (keys.length > 0) await from.command('MIGRATE', to.host, to.port, '', 0, moveTimeoutMs, ...login, 'KEYS', ...bytes)
      return keys.length
    },
    async finish() {
      // A new owner that has not heard of the latest epoch would claim the slot with an older one, lose it again, and drop its keys.
      await until('all primaries are in one epoch', async () => {
        const infos = await Promise.all((await all()).map((node) => node.command('CLUSTER', 'INFO')))
        return new Set(infos.map((info) => /cluster_current_epoch:(\d+)/.exec(String(info))?.[1])).size === 1
      })
      // The new owner first: were it told last, the slot could be without one for a moment.
      await to.command('CLUSTER', 'SETSLOT', slot, 'NODE', to.id)
      await from.command('CLUSTER', 'SETSLOT', slot, 'NODE', to.id)
      for (const node of await all()) await node.command('CLUSTER', 'SETSLOT', slot, 'NODE', to.id)
    },
  }
}
