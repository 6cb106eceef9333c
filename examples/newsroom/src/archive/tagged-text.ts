/** A word or a punctuation mark, with its part of speech as the Brown corpus tags it (`np` is a proper noun). */
export interface Token {
  readonly word: string
  readonly tag: string
}

/** The paragraphs of a tagged text, each a list of sentences, each a list of tokens. */
export function parseTagged(text: string): Token[][][] {
  return text
    .split(/\n\s*\n/)
    .map((paragraph) =>
      paragraph
        .split('\n')
        .map(parseSentence)
        .filter((sentence) => sentence.length > 0),
    )
    .filter((paragraph) => paragraph.length > 0)
}

function parseSentence(line: string): Token[] {
  const tokens: Token[] = []
  for (const written of line.trim().split(/\s+/)) {
    const slash = written.lastIndexOf('/')
    if (slash < 1) continue
    const token = { word: written.slice(0, slash), tag: written.slice(slash + 1) }
    const last = tokens.at(-1)
    // The corpus doubles the marks that end a sentence without a full stop: "? ?", "! !", "; ;".
    if (last?.word === token.word && /^[?!;:]$/.test(token.word)) continue
    tokens.push(token)
  }
  return tokens
}

/** Tokens as people write them. */
export function plainText(tokens: readonly Token[]): string {
  let text = ''
  let glue = true
  for (const { word } of tokens) {
    const opens = word === '``' || word === '('
    const closes = word === "''" || /^[.,;:?!)]$/.test(word)
    text += (glue || closes ? '' : ' ') + (word === '``' ? '“' : word === "''" ? '”' : word)
    glue = opens
  }
  return text
}

const isWord = /[a-z0-9]/i

/** How many of the tokens are words. */
export function countWords(tokens: readonly Token[]): number {
  return tokens.reduce((count, { word }) => count + (isWord.test(word) ? 1 : 0), 0)
}

const noNames = new Set(
  (
    'Mr. Mrs. Miss Dr. Sen. Rep. Gov. Gen. Jr. Sr. St. Prof. Rev. Sir Jan. Feb. Aug. Sept. Oct. Nov. Dec. January February March April May June ' +
    'July August September October November December Monday Tuesday Wednesday Thursday Friday Saturday Sunday God Christmas'
  ).split(' '),
)

/**
 * The people, places and companies of a sentence, as often as they are named: a run of proper nouns without forms of
 * address and months, with the adjective of the name before it ("New" York) and the noun of the name after it (Rhode "Island").
 */
export function namesIn(sentence: readonly Token[]): string[] {
  const names: string[] = []
  let before = ''
  let run: string[] = []
  for (const { word, tag } of [...sentence, { word: '', tag: '' }]) {
    if (/^np\b/.test(tag) && !noNames.has(word)) {
      run.push(word.replace(/'s?$/, ''))
      if (!tag.includes('$')) continue
    } else if (run.length > 0 && /^nn-tl/.test(tag)) run.push(word)
    const name = [before, ...run].join(' ').trim()
    if (run.length > 0 && name.length > 2) names.push(name)
    before = /^jj-tl/.test(tag) ? word : ''
    run = []
  }
  return names
}
