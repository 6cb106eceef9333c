import { hash } from 'node:crypto'

/** The MD5 of a text as UTF-8, in 32 hexadecimal digits. It places keys and keeps no secret. */
export function md5(text: string): string {
  return hash('md5', text)
}
