const longestPath = 200

interface Step {
  readonly value: unknown
  readonly parent: Step | undefined
  readonly step: string
}

/**
 * Where a value is inside another, written as in a program (`user.tags[3].fn`); `''` if they are the same, `undefined`
 * if it is not there. It is a search from the root, for messages alone: nothing has to be remembered while encoding.
 */
export function pathTo(root: unknown, target: unknown): string | undefined {
  const seen = new Set<unknown>()
  const queue: Step[] = [{ value: root, parent: undefined, step: '' }]
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (Object.is(next.value, target)) return written(next)
    if (typeof next.value !== 'object' || next.value === null || seen.has(next.value)) continue
    seen.add(next.value)
    const children = childrenOf(next.value, next)
    for (let i = children.length - 1; i >= 0; i--) queue.push(children[i]!)
  }
  return undefined
}

function childrenOf(value: object, parent: Step): Step[] {
  try {
    if (ArrayBuffer.isView(value)) return []
    if (Array.isArray(value)) return value.map((item: unknown, i) => ({ value: item, parent, step: `[${i}]` }))
    if (value instanceof Set) return Array.from(value, (item: unknown, i) => ({ value: item, parent, step: `.values()[${i}]` }))
    if (value instanceof Map) {
      return Array.from(value as Map<unknown, unknown>, ([key, item], i) => [
        { value: key, parent, step: `.keys()[${i}]` },
        { value: item, parent, step: typeof key === 'string' ? `.get(${shown(key)})` : `.values()[${i}]` },
      ]).flat()
    }
    const children: Step[] = []
    for (const symbol of Object.getOwnPropertySymbols(value)) children.push({ value: symbol, parent, step: `[${String(symbol)}]` })
    const names = value instanceof Error ? [...new Set([...Object.keys(value), 'cause', 'errors'])] : Object.keys(value)
    for (const name of names) {
      if (Object.hasOwn(value, name)) children.push({ value: (value as Record<string, unknown>)[name], parent, step: property(name) })
    }
    return children
  } catch {
    return [] // a getter or a proxy that throws: there is nothing to see behind it
  }
}

function property(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${shown(name)}]`
}

function shown(name: string): string {
  return JSON.stringify(name.length > 40 ? `${name.slice(0, 40)}…` : name)
}

function written(last: Step): string {
  const steps: string[] = []
  for (let step: Step | undefined = last; step !== undefined; step = step.parent) steps.push(step.step)
  const path = steps.reverse().join('').replace(/^\./, '')
  return path.length > longestPath ? `${path.slice(0, longestPath)}…` : path
}
