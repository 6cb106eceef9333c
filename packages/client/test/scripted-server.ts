import { createManualClock } from '@shale/testing'
import { ServerStore, type ServerStoreOptions } from '../src/server/server-store.ts'
import { ScriptedDriver } from './scripted-driver.ts'

/** What a server needs that a test plays: its driver, time, and chance, which is `chance.next`; one connection unless stated. */
export function scriptedOptions() {
  const clock = createManualClock()
  const driver = new ScriptedDriver()
  const chance = { next: 0.5 }
  const options = {
    shard: 'one',
    endpoint: { host: 'h', port: 1, database: 0, name: 'h:1/0' },
    driver,
    connections: { min: 1, max: 1 },
    connectTimeout: 2000,
    timeout: 500,
    clock,
    random: () => chance.next,
  }
  return { clock, driver, chance, options }
}

/** The store of a server that a test plays. */
export function scriptedStore(given: Partial<ServerStoreOptions> = {}) {
  const { clock, driver, chance, options } = scriptedOptions()
  return { clock, driver, chance, store: new ServerStore({ ...options, ...given }) }
}
