/** A whole number with its thousands apart. */
export function count(number: number): string {
  return Math.round(number).toLocaleString('en-US')
}

/** Milliseconds, to three digits or so. */
export function ms(time: number): string {
  return `${time < 1 ? time.toFixed(2) : time < 10 ? time.toFixed(1) : count(time)} ms`
}

/** Bytes, in thousands or millions of them. */
export function bytes(number: number): string {
  if (number < 1000) return `${number} B`
  return number < 1e6 ? `${(number / 1e3).toFixed(1)} kB` : `${(number / 1e6).toFixed(2)} MB`
}

/** A share as a percentage. */
export function percent(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`
}

/** A ratio, as in "12 times". */
export function times(ratio: number): string {
  return `${ratio < 10 ? ratio.toFixed(1) : count(ratio)} times`
}
