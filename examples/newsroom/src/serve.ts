import { createCache } from '@shale/cache'
import { Database } from './database.ts'
import { Newsroom } from './newsroom.ts'
import { routes } from './routes.ts'
import type { Servers } from './servers.ts'
import { startService } from './service.ts'

/** Keeps the service up until `signal` says to stop. When the cache's server goes, answers go on without it. */
export async function serve(servers: Servers, port: number, print: (line: string) => void, signal: AbortSignal): Promise<void> {
  const cache = createCache({ servers, keyPrefix: 'newsroom' })
  try {
    await cache.connect()
    cache.on('disconnect', ({ server, error }) => print(`Lost ${server} (${error.code}); answering without it until it is back.`))
    cache.on('connect', ({ server }) => print(`Reached ${server} again.`))
    const database = await Database.open()
    try {
      const service = await startService(new Newsroom(database, cache), port)
      const width = Math.max(...routes.map(({ usage }) => usage.length))
      print(`The newsroom is open at ${service.url}`)
      print('')
      for (const { method, usage, about } of routes) print(`  ${method.padEnd(6)}  ${usage.padEnd(width)}  ${about}`)
      print('')
      print('Every answer says in x-cache whether the cache had it. Ctrl-C closes.')
      await aborted(signal)
      await service.close()
      print('Closed.')
    } finally {
      await database.close()
    }
  } finally {
    await cache.close()
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
