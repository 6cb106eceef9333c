import { expect, test } from 'vitest'
import { createGate } from '@shale/testing'
import { OwnWrites } from '../src/replicas/own-writes.ts'
import { WriteMarks } from '../src/replicas/write-marks.ts'

const write = (own: OwnWrites, ...keys: string[]): Promise<void> => own.during(keys, Promise.resolve())

test('a replica has a key once it has passed the offset that the primary said after the write', async () => {
  const own = new OwnWrites()
  const marks = new WriteMarks()
  expect(own.has(marks.passedAt(100), 'a')).toBe(true)
  await write(own, 'a')
  const generation = own.close()
  // Answered after the question was sent: the primary's answer says nothing of it.
  await write(own, 'b')
  marks.closed(generation, 100)
  expect(own.has(marks.passedAt(99), 'a')).toBe(false)
  expect(own.has(marks.passedAt(100), 'a')).toBe(true)
  expect(own.has(marks.passedAt(1e9), 'b')).toBe(false)
  expect(own.has(marks.passedAt(0), 'c')).toBe(true)
  marks.closed(own.close(), 120)
  expect(own.has(marks.passedAt(119), 'b')).toBe(false)
  expect(own.has(marks.passedAt(120), 'b')).toBe(true)
})

test('a key with a write that has no answer is nowhere but at the primary; so is one whose write failed, until a replica has passed it', async () => {
  const own = new OwnWrites()
  const marks = new WriteMarks()
  const gate = createGate()
  const first = own.during(['a'], gate.pass())
  const second = own.during(['a'], Promise.reject(new Error('lost')))
  await expect(second).rejects.toThrow('lost')
  expect(own.isPendingFor('a')).toBe(true)
  marks.closed(own.close(), 100)
  expect(own.has(marks.passedAt(1000), 'a')).toBe(false)
  gate.open()
  await first
  expect(own.isPending).toBe(false)
  expect(own.has(marks.passedAt(1000), 'a')).toBe(false)
  marks.closed(own.close(), 200)
  expect(own.has(marks.passedAt(199), 'a')).toBe(false)
  expect(own.has(marks.passedAt(200), 'a')).toBe(true)
})

test('a write again begins anew', async () => {
  const own = new OwnWrites()
  const marks = new WriteMarks()
  await write(own, 'a')
  marks.closed(own.close(), 100)
  await write(own, 'a')
  expect(own.has(marks.passedAt(100), 'a')).toBe(false)
})

test('keys are forgotten once the replicas that are read have them; one that comes back must have passed them', async () => {
  const own = new OwnWrites()
  const marks = new WriteMarks()
  await write(own, 'a', 'b')
  marks.closed(own.close(), 100)
  await write(own, 'c')
  expect(own.size).toBe(3)
  own.passed(marks.passedAt(100))
  expect(own.size).toBe(1)
  expect(own.has(marks.passedAt(99), 'a')).toBe(false)
  expect(own.has(marks.passedAt(100), 'a')).toBe(true)
  expect(own.has(marks.passedAt(100), 'c')).toBe(false)
})

test('too many keys are all forgotten: then no replica is read until it has passed everything', async () => {
  const own = new OwnWrites(1000)
  const marks = new WriteMarks()
  for (let i = 0; i < 1000; i++) void write(own, `key ${i}`)
  await write(own, 'one more')
  expect(own.size).toBe(0)
  marks.closed(own.close(), 100)
  expect(own.has(marks.passedAt(99), 'never written')).toBe(false)
  expect(own.has(marks.passedAt(100), 'never written')).toBe(true)
  expect(own.has(marks.passedAt(100), 'key 7')).toBe(true)
})

test('a write of every key', async () => {
  const own = new OwnWrites()
  const marks = new WriteMarks()
  const gate = createGate()
  const flush = own.duringAll(gate.pass())
  expect(own.has(marks.passedAt(1e9), 'a')).toBe(false)
  gate.open()
  await flush
  expect(own.has(marks.passedAt(1e9), 'a')).toBe(false)
  marks.closed(own.close(), 100)
  expect(own.has(marks.passedAt(100), 'a')).toBe(true)
})

test('another history of writes: offsets of the former one count for nothing', async () => {
  const own = new OwnWrites()
  const marks = new WriteMarks()
  await write(own, 'a')
  marks.closed(own.close(), 100)
  marks.restart()
  expect(own.has(marks.passedAt(1e9), 'a')).toBe(false)
  marks.closed(own.close(), 40)
  expect(own.has(marks.passedAt(40), 'a')).toBe(true)
})
