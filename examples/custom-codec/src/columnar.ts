import type { Codec } from '@shale/contracts'
import { ByteReader, corrupt } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { parseJson, readColumn, writeColumn, type Plain } from './columns.ts'
import { assertPlain } from './plain.ts'

type Row = Readonly<Record<string, Plain>>

const json = 0
const table = 1

/**
 * A codec for tables, arrays of records with the same fields: it stores them column by column, integers as steps and texts
 * as a dictionary. Other values are stored as JSON. It brings back whatever JSON can hold.
 */
export function columnar(): Codec {
  return { id: 200, name: 'columnar', protocol: 1, protocols: [1], encode, decode }
}

function encode(value: unknown): Uint8Array {
  assertPlain(value)
  const out = new ByteWriter()
  const fields = fieldsOf(value)
  if (fields === undefined) {
    out.varint(json)
    out.text(JSON.stringify(value))
    return out.finish()
  }
  const rows = value as readonly Row[]
  out.varint(table)
  out.varint(rows.length)
  out.varint(fields.length)
  for (const field of fields) {
    out.text(field)
    writeColumn(
      rows.map((row) => row[field] as Plain),
      out,
    )
  }
  return out.finish()
}

function decode(bytes: Uint8Array): unknown {
  const from = new ByteReader(bytes)
  const form = from.varint()
  if (form !== json && form !== table) throw corrupt(`its form is ${form}`)
  const value = form === json ? parseJson(from.text()) : readTable(from)
  if (from.left > 0) throw corrupt(`${from.left} bytes are left over`)
  return value
}

function readTable(from: ByteReader): Row[] {
  const count = from.count()
  const fields = from.count()
  const rows: [string, Plain][][] = Array.from({ length: count }, () => [])
  for (let i = 0; i < fields; i++) {
    const field = from.text()
    for (const [index, cell] of readColumn(count, from).entries()) rows[index]?.push([field, cell])
  }
  return rows.map((row) => Object.fromEntries(row))
}

/** The fields of a table, in their order; `undefined` for what is none. */
function fieldsOf(value: unknown): string[] | undefined {
  if (!Array.isArray(value) || value.length < 2) return undefined
  const [first] = value as unknown[]
  if (typeof first !== 'object' || first === null || Array.isArray(first)) return undefined
  const fields = Object.keys(first)
  if (fields.length === 0 || !fields.every((field) => field.isWellFormed())) return undefined
  const same = (row: unknown): boolean => {
    if (typeof row !== 'object' || row === null || Array.isArray(row)) return false
    const names = Object.keys(row)
    return names.length === fields.length && names.every((name, index) => name === fields[index])
  }
  return value.every(same) ? fields : undefined
}
