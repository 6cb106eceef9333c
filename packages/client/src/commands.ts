import type { Command, Endpoint, StoreEntry, StoreFill, StoreIncrement, StoreLease, StoreMove, StoreSwap } from '@shale/contracts'
import { fillScript, getWithTtlScript, incrScript, persistScript, swapScript, takeScript } from './scripts.ts'

// Scripts are sent whole: a retry after NOSCRIPT would let later commands on the key overtake.

export const get = (key: string): Command => ['GET', key]
export const getMany = (keys: readonly string[]): Command => ['MGET', ...keys]
export const set = ({ key, value, ttl }: StoreEntry): Command =>
  ttl === null ? ['SET', key, value] : ['SET', key, value, 'PX', String(ttl)]
export const add = ({ key, value, ttl }: StoreEntry): Command =>
  ttl === null ? ['SET', key, value, 'NX'] : ['SET', key, value, 'NX', 'PX', String(ttl)]
export const remove = (keys: readonly string[]): Command => ['UNLINK', ...keys]
export const has = (key: string): Command => ['EXISTS', key]
export const countOf = (keys: readonly string[]): Command => ['EXISTS', ...keys]
export const typeOf = (key: string): Command => ['TYPE', key]
export const ttlOf = (key: string): Command => ['PTTL', key]
export const touch = (key: string, ttl: number | null): Command =>
  ttl === null ? ['EVAL', persistScript, '1', key] : ['PEXPIRE', key, String(ttl)]
export const incr = ({ key, by }: StoreIncrement): Command => ['EVAL', incrScript, '1', key, String(by)]
export const move = ({ from, to }: StoreMove): Command => ['RENAME', from, to]
export const getWithTtl = (key: string): Command => ['EVAL', getWithTtlScript, '1', key]
export const take = (key: string): Command => ['EVAL', takeScript, '1', key]
export const lease = ({ token, ttl }: StoreLease, at: string): Command => ['SET', at, token, 'NX', 'PX', String(ttl)]
export const fill = ({ key, value, ttl, token }: StoreFill, at: string): Command =>
  ttl === null ? ['EVAL', fillScript, '2', key, at, token, value] : ['EVAL', fillScript, '2', key, at, token, value, 'PX', String(ttl)]
export const release = (at: string, token: string | undefined): Command =>
  token === undefined ? remove([at]) : ['EVAL', swapScript, '1', at, token]
export const scan = (cursor: string, pattern: string): Command => ['SCAN', cursor, 'MATCH', pattern, 'COUNT', '1000']
export const flush: Command = ['FLUSHDB', 'ASYNC']
export const asking: Command = ['ASKING']
export const readOnly: Command = ['READONLY']
export const ping: Command = ['PING']
export const clientInfo: Command = ['CLIENT', 'INFO']
export const clientKill = (id: string, address: string): Command => ['CLIENT', 'KILL', 'ID', id, 'ADDR', address]
export const clusterSlots: Command = ['CLUSTER', 'SLOTS']
export const clusterNodes: Command = ['CLUSTER', 'NODES']
export const countKeysInSlot = (slot: number): Command => ['CLUSTER', 'COUNTKEYSINSLOT', String(slot)]
export const keysInSlot = (slot: number, count: number): Command => ['CLUSTER', 'GETKEYSINSLOT', String(slot), String(count)]
export const replicationInfo: Command = ['INFO', 'replication']
export const serverIdentity: Command = ['INFO', 'server']
// Several sections by name are known from Redis 7 on.
export const serverInfo: Command = ['INFO']
export const role: Command = ['ROLE']
export const sentinelAddress = (master: string): Command => ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', master]
export const sentinelMaster = (master: string): Command => ['SENTINEL', 'MASTER', master]
export const sentinelReplicas = (master: string): Command => ['SENTINEL', 'REPLICAS', master]

export function swap({ key, expected, value, ttl }: StoreSwap): Command {
  if (value === undefined) return ['EVAL', swapScript, '1', key, expected]
  if (ttl === undefined) return ['EVAL', swapScript, '1', key, expected, value, 'KEEPTTL']
  return ttl === null ? ['EVAL', swapScript, '1', key, expected, value] : ['EVAL', swapScript, '1', key, expected, value, 'PX', String(ttl)]
}

/** What makes a fresh connection ours: who we are, the database, and a sign of life. */
export function greeting({ username, password, database }: Endpoint, clientName: string | undefined): Command[] {
  const commands: Command[] = []
  if (password !== undefined) commands.push(username === undefined ? ['AUTH', password] : ['AUTH', username, password])
  if (database !== 0) commands.push(['SELECT', String(database)])
  if (clientName !== undefined) commands.push(['CLIENT', 'SETNAME', clientName])
  commands.push(['PING'])
  return commands
}
