import { expect, test } from 'vitest'
import { Resharding } from '@shale/client'
import { createManualClock } from '@shale/testing'
import { LineStore, lost } from './line-store.ts'
import { turn } from './scripted-driver.ts'

test.each(['fail', 'are late'])('calls that %s may be left alone: nothing is unhandled', async (how) => {
  const unhandled: unknown[] = []
  const listen = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', listen)
  const clock = createManualClock()
  const lines = [new LineStore(), new LineStore()] as const
  for (const line of lines) {
    if (how === 'fail') line.refusal = lost
    line.isHeld = true
    line.connect = () => Promise.reject(lost)
  }
  const [current, previous] = lines
  const store = new Resharding({ current, previous, isSame: () => false, timeout: 500, clock, random: () => 0 })
  const entry = { key: 'a', value: Buffer.from('1'), ttl: null }
  void store.connect()
  void store.scan('*')[Symbol.asyncIterator]().next()
  void store.set([entry])
  void store.get(['a'])
  void store.flush()
  void store.delete(['a'])
  void store.move([{ from: 'a', to: 'b' }])
  void store.flush()
  void store.scan('*')[Symbol.asyncIterator]().next()
  for (let i = 0; i < 20; i++) {
    clock.advance(100)
    await turn()
  }
  for (const line of lines) line.letGo('lost')
  for (let i = 0; i < 20; i++) await turn()
  process.off('unhandledRejection', listen)
  expect(unhandled).toEqual([])
})
