const width = 96

/** A text as indented lines of at most 96 characters, broken between words. */
export function paragraph(text: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line.length + word.length >= width - 1) {
      lines.push(line)
      line = ''
    }
    line += line === '' ? `  ${word}` : ` ${word}`
  }
  return [...lines, line]
}
