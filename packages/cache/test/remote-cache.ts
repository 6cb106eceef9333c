import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** A cache in another process. */
export interface RemoteCache extends AsyncDisposable {
  readonly pid: number
  /** What it told, in order. */
  readonly events: readonly { readonly event: string; readonly [name: string]: unknown }[]
  /** Calls a method of the cache, or a piece of work of `programs/remote-work.mjs`. Rejects with the code of its error. */
  call<T = unknown>(method: string, ...args: readonly unknown[]): Promise<T>
  /** Ends the process (SIGKILL). */
  kill(): Promise<void>
}

interface Answer {
  readonly id?: number
  readonly event?: string
  readonly result?: unknown
  readonly code?: string
}

/** Starts a process with a cache over the built package, which is connected then. */
export async function startRemoteCache(options: Readonly<Record<string, unknown>>): Promise<RemoteCache> {
  const { NODE_OPTIONS: _, ...env } = process.env
  const program = fileURLToPath(new URL('./programs/remote.mjs', import.meta.url))
  const child = fork(program, { execArgv: ['--expose-gc', '--unhandled-rejections=strict'], env })
  const waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>()
  const events: { event: string }[] = []
  let last = 0
  let onReady = (): void => {}
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  void gone.then(() => waiting.forEach(({ reject }) => reject(new Error('The process has ended.'))))
  child.on('message', ({ id, event, result, code, ...rest }: Answer) => {
    if (event === 'ready') return onReady()
    if (event !== undefined) return void events.push({ ...rest, event })
    const call = waiting.get(id as number)
    waiting.delete(id as number)
    if (code === undefined) call?.resolve(result)
    else call?.reject(new Error(code))
  })
  await Promise.race([
    new Promise<void>((resolve) => {
      onReady = resolve
      child.send(options)
    }),
    gone.then(() => Promise.reject(new Error('The process has ended before its cache was connected.'))),
  ])
  const kill = (): Promise<void> => {
    child.kill('SIGKILL')
    return gone
  }
  return {
    pid: child.pid as number,
    events,
    call: <T>(method: string, ...args: readonly unknown[]) =>
      new Promise<T>((resolve, reject) => {
        const id = ++last
        waiting.set(id, { resolve: resolve as (result: unknown) => void, reject })
        child.send({ id, method, args })
      }),
    kill,
    [Symbol.asyncDispose]: kill,
  }
}
