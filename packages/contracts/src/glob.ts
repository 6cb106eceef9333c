/** Marks in a compiled pattern; a value of zero and more is the byte that has to be there. */
const anyByte = -1
const anyBytes = -2
/** Marks from here down stand for a class: class `n` of the pattern is `firstClass - n`. */
const firstClass = -3

const codeOf = (character: string): number => character.charCodeAt(0)
const star = codeOf('*')
const question = codeOf('?')
const open = codeOf('[')
const close = codeOf(']')
const caret = codeOf('^')
const dash = codeOf('-')
const backslash = codeOf('\\')

interface Program {
  /** One mark per byte of the text, and `anyBytes`, never two of them in a row. */
  readonly marks: readonly number[]
  /** For each class the bytes that are in it. */
  readonly classes: readonly Uint8Array[]
}

/**
 * A test for one Redis glob: `*`, `?`, `[a-z]`, `[^a]`, and `\` before a character that stands for itself. It answers
 * as `SCAN … MATCH` does, byte by byte of the UTF-8, so that `?` is one byte and `é` two; bytes beyond ASCII are
 * below the others in a range, as on every server whose `char` is signed. Texts are expected to be well-formed.
 * The time is at most proportional to the length of the text times that of the pattern.
 *
 * Source: `stringmatchlen` in `src/util.c` of Redis.
 */
export function compileGlob(pattern: string): (text: string) => boolean {
  if (pattern === '*') return () => true
  const { marks, classes } = parse(toByteString(pattern))
  // Redis leaves the loop before it looks at the pattern: the empty text is matched by the empty pattern alone.
  if (marks.length === 0) return (text) => text === ''
  const wildcard = marks.findIndex((mark) => mark < 0)
  const literal = fromByteString(marks.slice(0, wildcard === -1 ? marks.length : wildcard))
  if (wildcard === -1) return (text) => text === literal
  if (wildcard === marks.length - 1 && marks[wildcard] === anyBytes) return (text) => text !== '' && text.startsWith(literal)
  return (text) => text !== '' && text.startsWith(literal) && matches(marks, classes, toByteString(text))
}

/** The glob that matches `text` and nothing else; it may also stand between the brackets of a class. */
export function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\^-]/g, '\\$&')
}

/** A string whose character codes are the bytes of the UTF-8 of `text`. */
function toByteString(text: string): string {
  return /[^\0-\x7f]/.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text
}

function fromByteString(bytes: readonly number[]): string {
  return Buffer.from(bytes).toString('utf8')
}

function parse(pattern: string): Program {
  const marks: number[] = []
  const classes: Uint8Array[] = []
  let at = 0
  while (at < pattern.length) {
    const byte = pattern.charCodeAt(at)
    if (byte === star) {
      if (marks.at(-1) !== anyBytes) marks.push(anyBytes)
    } else if (byte === question) {
      marks.push(anyByte)
    } else if (byte === open) {
      const members = new Uint8Array(256)
      at = parseClass(pattern, at + 1, members)
      marks.push(firstClass - classes.length)
      classes.push(members)
    } else if (byte === backslash && at + 1 < pattern.length) {
      at++
      marks.push(pattern.charCodeAt(at))
    } else {
      marks.push(byte)
    }
    at++
  }
  return { marks, classes }
}

/** Fills in the members of the class that begins at `at`; gives where its closing bracket, or the end of the pattern, is. */
function parseClass(pattern: string, at: number, members: Uint8Array): number {
  const negated = pattern.charCodeAt(at) === caret
  if (negated) at++
  for (; at < pattern.length; at++) {
    const byte = pattern.charCodeAt(at)
    const left = pattern.length - at
    if (byte === backslash && left >= 2) {
      at++
      members[pattern.charCodeAt(at)] = 1
    } else if (byte === close) {
      break
    } else if (left >= 3 && pattern.charCodeAt(at + 1) === dash) {
      at += 2
      addRange(members, signed(byte), signed(pattern.charCodeAt(at)))
    } else {
      members[byte] = 1
    }
  }
  if (negated) for (let byte = 0; byte < 256; byte++) members[byte] = 1 - members[byte]!
  return at
}

function addRange(members: Uint8Array, one: number, other: number): void {
  for (let byte = Math.min(one, other); byte <= Math.max(one, other); byte++) members[byte & 0xff] = 1
}

function signed(byte: number): number {
  return byte < 128 ? byte : byte - 256
}

/** Only the last `*` is ever tried again: what an earlier one could give up, the last one can take. */
function matches(marks: readonly number[], classes: readonly Uint8Array[], bytes: string): boolean {
  let mark = 0
  let at = 0
  let resumeMark = -1
  let resumeAt = 0
  while (at < bytes.length) {
    const wanted = marks[mark]
    if (wanted === anyBytes) {
      mark++
      if (mark === marks.length) return true
      resumeMark = mark
      resumeAt = at
    } else if (wanted !== undefined && fits(wanted, bytes.charCodeAt(at), classes)) {
      mark++
      at++
    } else if (resumeMark === -1) {
      return false
    } else {
      mark = resumeMark
      at = ++resumeAt
    }
  }
  if (marks[mark] === anyBytes) mark++
  return mark === marks.length
}

function fits(wanted: number, byte: number, classes: readonly Uint8Array[]): boolean {
  if (wanted >= 0) return wanted === byte
  return wanted === anyByte || classes[firstClass - wanted]![byte] === 1
}
