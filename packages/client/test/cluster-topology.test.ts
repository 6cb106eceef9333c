import { expect, test } from 'vitest'
import { ShaleError, type Reply } from '@shale/contracts'
import { readNodeView, slotChanges, type NodeView } from '../src/cluster/cluster-census.ts'
import { redirectOf } from '../src/cluster/cluster-redirect.ts'
import { addressOf, bestOf, newPrimaries, placeOf, readTopology, withSlotAt, type Topology } from '../src/cluster/cluster-topology.ts'

const bulk = (text: string): Reply => Buffer.from(text)
const node = (host: string | null, port: number, ...metadata: Reply[]): Reply => [
  host === null ? null : bulk(host),
  port,
  bulk('id'),
  metadata,
]

test('addresses are written and read, IPv6 and names included', () => {
  for (const [host, port, address] of [
    ['10.0.0.1', 7000, '10.0.0.1:7000'],
    ['::1', 7000, '[::1]:7000'],
    ['fe80::1', 1, '[fe80::1]:1'],
    ['node-1.example.com', 6379, 'node-1.example.com:6379'],
  ] as const) {
    expect(addressOf(host, port)).toBe(address)
    expect(placeOf(address)).toEqual({ host, port })
  }
})

test('a topology is who serves which slot, replicas included', () => {
  const topology = readTopology(
    [
      [0, 5460, node('10.0.0.1', 7000), node('10.0.0.4', 7003)],
      [5461, 16383, node('::1', 7001)],
      [5460, 5460, node('10.0.0.1', 7000), node('10.0.0.4', 7003)],
    ],
    'asked',
  )
  expect(topology.shards).toEqual([
    { primary: '10.0.0.1:7000', replicas: ['10.0.0.4:7003'] },
    { primary: '[::1]:7001', replicas: [] },
  ])
  expect(topology.slots[5460]).toBe(topology.shards[0])
  expect(topology.slots[16383]).toBe(topology.shards[1])
})

test('a node that says no host of its own is where it was asked; one whose name is unknown is at its address', () => {
  const topology = readTopology(
    [
      [0, 1, node('', 7000), node(null, 7003)],
      [2, 3, node('?', 7001, bulk('ip'), bulk('10.0.0.2'))],
      [4, 5, node('?', 7002, bulk('hostname'), bulk('ip'))],
      [6, 7, node('10.0.0.9', 0)],
    ],
    'asked',
  )
  expect(topology.shards.map(({ primary }) => primary)).toEqual(['asked:7000', '10.0.0.2:7001', 'asked:7002'])
  expect(topology.shards[0]?.replicas).toEqual(['asked:7003'])
  expect(topology.slots[6]).toBeUndefined()
})

test('a slot that was moved is at its new node at once, known before or not', () => {
  const topology = readTopology(
    [
      [0, 5, node('a', 1)],
      [6, 9, node('b', 2)],
    ],
    'asked',
  )
  expect(withSlotAt(topology, 3, 'b:2').slots[3]).toBe(topology.shards[1])
  const grown = withSlotAt(topology, 3, 'c:3')
  expect(grown.slots[3]).toEqual({ primary: 'c:3', replicas: [] })
  expect(grown.shards).toHaveLength(3)
  expect(topology.slots[3]).toBe(topology.shards[0])
})

test('of several views the best leaves the fewest slots at nodes that are down', () => {
  const stale = readTopology(
    [
      [0, 5, node('a', 1)],
      [6, 9, node('b', 2)],
    ],
    'asked',
  )
  const fresh = readTopology(
    [
      [0, 5, node('c', 3)],
      [6, 9, node('b', 2)],
    ],
    'asked',
  )
  expect(bestOf([stale, fresh], (address) => address !== 'a:1')).toBe(fresh)
  expect(bestOf([stale, fresh], () => true)).toBe(stale)
  expect(bestOf([], () => true)).toBeUndefined()
})

test('a primary that is new is told of, with the one whose slots it has', () => {
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((host) => node(host, 1)) as [Reply, Reply, Reply, Reply]
  const read = (...ranges: Reply[]): Topology => readTopology(ranges, 'asked')
  // Of the first shard's replica nothing was known: it was away.
  const before = read([0, 5, a], [6, 9, c, d])
  expect(newPrimaries(before, read([0, 5, b, a], [6, 9, c]))).toEqual([{ primary: 'b:1', previous: 'a:1' }])
  // A node that takes some of the slots takes nobody's place.
  expect(newPrimaries(before, read([0, 5, a], [6, 7, c], [8, 9, d]))).toEqual([{ primary: 'd:1', previous: undefined }])
  expect(newPrimaries(before, read([0, 3, d], [4, 5, b], [6, 9, c]))).toEqual([
    { primary: 'd:1', previous: 'a:1' },
    { primary: 'b:1', previous: 'a:1' },
  ])
  expect(newPrimaries(before, before)).toEqual([])
  expect(newPrimaries(undefined, before)).toEqual([
    { primary: 'a:1', previous: undefined },
    { primary: 'c:1', previous: undefined },
  ])
})

test('redirects are read off the replies, whatever the address', () => {
  const replied = (message: string, code: 'SERVER_REPLY' | 'SERVER_UNAVAILABLE' = 'SERVER_REPLY'): ShaleError =>
    new ShaleError(code, `node replied: ${message}`, { cause: new Error(message) })
  expect(redirectOf(replied('MOVED 3999 127.0.0.1:6381'), 'asked')).toEqual({ kind: 'moved', address: '127.0.0.1:6381' })
  expect(redirectOf(replied('ASK 3999 node-1.example.com:6381'), 'asked')).toEqual({ kind: 'ask', address: 'node-1.example.com:6381' })
  expect(redirectOf(replied('MOVED 3999 :6381'), 'asked')).toEqual({ kind: 'moved', address: 'asked:6381' })
  expect(redirectOf(replied('MOVED 3999 ?:6381'), 'asked')).toEqual({ kind: 'moved', address: 'asked:6381' })
  expect(redirectOf(replied('MOVED 3999 fe80::1:6381'), 'asked')).toEqual({ kind: 'moved', address: '[fe80::1]:6381' })
  expect(redirectOf(replied('TRYAGAIN Multiple keys', 'SERVER_UNAVAILABLE'), 'asked')).toEqual({ kind: 'apart' })
  for (const message of ['CLUSTERDOWN The cluster is down', 'LOADING Redis is loading', 'MASTERDOWN Link']) {
    expect(redirectOf(replied(message, 'SERVER_UNAVAILABLE'), 'asked')).toEqual({ kind: 'again' })
  }
  expect(redirectOf(new ShaleError('SERVER_READONLY', 'node replied: READONLY'), 'asked')).toEqual({ kind: 'elsewhere' })
  expect(redirectOf(new ShaleError('CLOSED', 'closed'), 'asked')).toEqual({ kind: 'elsewhere' })
})

test('what may have been run is no redirect', () => {
  const lost = new ShaleError('SERVER_UNAVAILABLE', 'the connection ended before the reply came', { cause: new Error('ECONNRESET') })
  expect(redirectOf(lost, 'asked')).toBeUndefined()
  expect(redirectOf(new ShaleError('SERVER_TIMEOUT', 'late'), 'asked')).toBeUndefined()
  expect(redirectOf(new ShaleError('SERVER_REPLY', 'x', { cause: new Error('ERR MOVED 1 a:1') }), 'asked')).toBeUndefined()
  expect(redirectOf(new ShaleError('KEY_NOT_FOUND', 'MOVED 1 a:1'), 'asked')).toBeUndefined()
})

const aaa = 'a'.repeat(40)
const bbb = 'b'.repeat(40)

test('a node says of itself what it is, which slots it has and which are on their way', () => {
  const nodes = [
    `${bbb} 127.0.0.1:7001@17001 master - 0 1 2 connected 5461-10922`,
    `${aaa} 127.0.0.1:7000@17000,host myself,master - 0 1 7 connected 0-2 9 [5->-${bbb}] [11-<-${bbb}]`,
  ].join('\n')
  expect(readNodeView('127.0.0.1:7000', `${nodes}\n`, 'role:master\r\nmaster_replid:abc\r\n')).toEqual({
    address: '127.0.0.1:7000',
    id: aaa,
    isPrimary: true,
    epoch: 7,
    history: 'abc',
    slots: new Set([0, 1, 2, 9]),
    moving: [
      { slot: 5, way: 'out', other: '127.0.0.1:7001' },
      { slot: 11, way: 'in', other: '127.0.0.1:7001' },
    ],
  })
  expect(readNodeView('a:1', `${aaa} a:1@2 myself,slave ${bbb} 0 0 7 connected`, '')).toMatchObject({ isPrimary: false, slots: new Set() })
})

test('the other node of a slot that moves is where the one that says it is reached by the same: its name, its address, or neither', () => {
  const nodes = [
    `${bbb} 10.0.0.2:7001@17001,two,tls-port=0 master - 0 1 2 connected`,
    `${aaa} 10.0.0.1:7000@17000,one myself,master - 0 1 7 connected 0-2 [5->-${bbb}]`,
  ].join('\n')
  const other = (address: string): unknown => readNodeView(address, nodes, '').moving[0]?.other
  expect(other('one:7000')).toBe('two:7001')
  expect(other('10.0.0.1:7000')).toBe('10.0.0.2:7001')
  expect(other('proxy:9000')).toBe('proxy:7001')
  expect(readNodeView('one:7000', `${aaa} 10.0.0.1:7000@17000,one myself,master - 0 1 7 connected 0-2 [5->-${bbb}]`, '').moving).toEqual([
    { slot: 5, way: 'out', other: undefined },
  ])
})

const view = (id: string, slots: number[], over: Partial<NodeView> = {}): NodeView => ({
  address: `${id}:1`,
  id,
  isPrimary: true,
  epoch: 1,
  history: id,
  slots: new Set(slots),
  moving: [],
  ...over,
})

test('slots that moved are found with the nodes that may have held their keys, the old one first', () => {
  const before = [view('a', [1, 2, 3]), view('b', [4])]
  expect(slotChanges(before, before)).toEqual({ moved: new Map(), takenOver: new Map(), unclear: false })
  expect(slotChanges(before, [view('a', [1, 2]), view('b', [3, 4], { epoch: 2 })])).toEqual({
    moved: new Map([[3, ['a:1', 'b:1']]]),
    takenOver: new Map(),
    unclear: false,
  })
  const half = [
    view('a', [1, 2, 3], { moving: [{ slot: 2, way: 'out', other: 'b:1' }] }),
    view('b', [4], { moving: [{ slot: 2, way: 'in', other: 'a:1' }] }),
  ]
  expect(slotChanges(before, half).moved).toEqual(new Map([[2, ['a:1', 'b:1']]]))
})

test('a replica that took its primary’s place has its slots as a whole', () => {
  const before = [view('a', [1, 2, 3]), view('b', [4])]
  const after = [view('c', [1, 2, 3], { epoch: 9 }), view('b', [4])]
  expect(slotChanges(before, after)).toEqual({ moved: new Map(), takenOver: new Map([['a:1', 'c:1']]), unclear: false })
})

test('slots that may have gone and come back are told of', () => {
  const before = [view('a', [1, 2, 3]), view('b', [4])]
  expect(slotChanges(before, [view('a', [1, 2, 3], { epoch: 5 }), view('b', [4])]).unclear).toBe(true)
})
