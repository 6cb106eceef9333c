import { describe, ShaleError } from '@shale/contracts'
import type { MemoryStoreOptions } from './options.ts'

const scheme = 'memory:'
const limits = ['maxBytes', 'maxEntries'] as const
type Limit = (typeof limits)[number]

/**
 * The options that `memory:` or `memory:?maxBytes=…&maxEntries=…` stands for.
 *
 * @throws ShaleError `CONFIG_INVALID` for any other text: another parameter, one given twice, or one that is no
 * integer above zero.
 */
export function parseMemoryUrl(url: string): MemoryStoreOptions {
  if (typeof url !== 'string' || !(url === scheme || url.startsWith(`${scheme}?`))) throw invalid(describe(url))
  const options: Partial<Record<Limit, number>> = {}
  for (const [name, text] of new URLSearchParams(url.slice(scheme.length))) {
    if (!isLimit(name)) throw invalid(`the parameter ${describe(name)}`)
    if (options[name] !== undefined) throw invalid(`${name} twice`)
    const limit = /^[1-9]\d*$/.test(text) ? Number(text) : NaN
    if (!Number.isSafeInteger(limit)) throw invalid(`${name}=${text}`)
    options[name] = limit
  }
  return options
}

function isLimit(name: string): name is Limit {
  return (limits as readonly string[]).includes(name)
}

function invalid(found: string): ShaleError {
  return new ShaleError(
    'CONFIG_INVALID',
    `servers: expected 'memory:' or 'memory:?maxBytes=67108864&maxEntries=10000', where either limit is an integer above zero; found ${found}.`,
  )
}
