import { hash } from 'node:crypto'

/** The keys of the golden placements: plain ones, tagged ones, ones beyond ASCII, long ones, and ones with braces but no tag. */
export function goldenKeys(): string[] {
  return Array.from({ length: 10_000 }, (_, i) => {
    switch (i % 10) {
      case 6:
        return `shop:2:article:{${i % 97}}:comments:${i}`
      case 7:
        return `:1:日本語:é:🧂:${i}`
      case 8:
        return `:1:${'x'.repeat(i % 900)}:${i}`
      case 9:
        return `empty{}tag:{open:${i}`
      default:
        return `:1:user:${i}`
    }
  })
}

/** SHA-256 in hexadecimal digits. */
export function digestOf(text: string): string {
  return hash('sha256', text)
}
