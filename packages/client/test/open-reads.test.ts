import { expect, test } from 'vitest'
import { OpenReads } from '../src/replicas/open-reads.ts'

test('a write finds the reads of its key that are open, and no others', () => {
  const reads = new OpenReads()
  const overtaken: string[] = []
  const open = (name: string, ...keys: string[]): (() => void) => {
    const read = { overtaken: (key: string) => void overtaken.push(`${name} ${key}`) }
    reads.begin(keys, read)
    return () => reads.end(keys, read)
  }
  const first = open('first', 'a', 'b', 'a')
  const second = open('second', 'b', 'c')
  reads.overtake(['a', 'd'])
  reads.overtake(['b'])
  expect(overtaken.splice(0)).toEqual(['first a', 'first b', 'second b'])
  first()
  reads.overtake(['a', 'b'])
  expect(overtaken.splice(0)).toEqual(['second b'])
  second()
  reads.overtake(['a', 'b', 'c'])
  expect(overtaken).toEqual([])
})
