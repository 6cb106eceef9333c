import { createMemoryStore, type CacheOptions } from '@shale/cache'

/** Where the caches of this program keep their entries. */
export type Servers = NonNullable<CacheOptions['servers']>

/** The servers that `SHALE_SERVERS` names, or else one embedded store for all caches of this program. */
export function chooseServers(environment: NodeJS.ProcessEnv): Servers {
  return environment.SHALE_SERVERS?.trim() || createMemoryStore()
}
