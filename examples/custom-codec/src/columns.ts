import { ByteReader, corrupt } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'

/** A cell of a table, or a whole value that is no table: whatever JSON can hold. */
export type Plain = string | number | boolean | null | Plain[] | { [name: string]: Plain }

/** How the cells of a column are written. */
interface ColumnKind {
  fits(cells: readonly Plain[]): boolean
  write(cells: readonly Plain[], out: ByteWriter): void
  read(count: number, from: ByteReader): Plain[]
}

const largestStep = 2 ** 51

/** Each as the step from the one before; an even number is a step up, an odd one a step down. */
const integers: ColumnKind = {
  fits: (cells) => cells.every((cell) => typeof cell === 'number' && Number.isInteger(cell) && Math.abs(cell) < largestStep),
  write(cells, out) {
    let before = 0
    for (const cell of cells as readonly number[]) {
      const step = cell - before
      out.varint(step >= 0 ? step * 2 : -step * 2 - 1)
      before = cell
    }
  },
  read(count, from) {
    let before = 0
    return Array.from({ length: count }, () => {
      const written = from.varint()
      before += written % 2 === 0 ? written / 2 : -(written + 1) / 2
      if (!Number.isSafeInteger(before)) throw corrupt('a column of integers leaves their range')
      return before
    })
  },
}

/** Each distinct text once, and for each cell which it is. */
const texts: ColumnKind = {
  fits: (cells) => cells.every((cell) => typeof cell === 'string' && cell.isWellFormed()),
  write(cells, out) {
    const distinct = new Map<Plain, number>()
    for (const cell of cells) if (!distinct.has(cell)) distinct.set(cell, distinct.size)
    out.varint(distinct.size)
    for (const text of distinct.keys()) out.text(text as string)
    for (const cell of cells) out.varint(distinct.get(cell) as number)
  },
  read(count, from) {
    const distinct = Array.from({ length: from.count() }, () => from.text())
    return Array.from({ length: count }, () => {
      const text = distinct[from.varint()]
      if (text === undefined) throw corrupt('a cell is none of the texts of its column')
      return text
    })
  },
}

/** Each as JSON: what the other kinds cannot hold. */
const others: ColumnKind = {
  fits: () => true,
  write(cells, out) {
    for (const cell of cells) out.text(JSON.stringify(cell))
  },
  read: (count, from) => Array.from({ length: count }, () => parseJson(from.text())),
}

/** A column starts with its kind's place in this list, so that the order is part of the format. */
const kinds: readonly ColumnKind[] = [integers, texts, others]

export function writeColumn(cells: readonly Plain[], out: ByteWriter): void {
  const kind = kinds.findIndex(({ fits }) => fits(cells))
  out.varint(kind)
  kinds[kind]?.write(cells, out)
}

export function readColumn(count: number, from: ByteReader): Plain[] {
  const kind = kinds[from.varint()]
  if (kind === undefined) throw corrupt('a column is of no known kind')
  if (count > from.left) throw corrupt(`it announces ${count} rows and has ${from.left} bytes left`)
  return kind.read(count, from)
}

export function parseJson(text: string): Plain {
  try {
    return JSON.parse(text) as Plain
  } catch (error) {
    throw corrupt('a text is not JSON', error)
  }
}
