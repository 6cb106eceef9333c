import type { Listener, Results } from '../demo.ts'
import { chapters, loadTitles, progressLine } from './chapters.ts'

/** Prints each result as soon as it is there, for people. */
export function printing(print: (line: string) => void): Listener {
  let quarter = 0
  return {
    result(name, result) {
      for (const line of chapters[name](result)) print(line)
    },
    loading(which, seconds) {
      print(`  … ${seconds} s ${loadTitles[which]}`)
    },
    rewriting(report, entries) {
      const reached = Math.floor((4 * report.scanned) / entries)
      if (reached <= quarter) return
      quarter = reached
      print(progressLine(report, entries))
    },
  }
}

/** Gathers the results, for machines. */
export function gathering(): Listener & { readonly results: Partial<Results> } {
  const results: Partial<Results> = {}
  return {
    results,
    result(name, result) {
      results[name] = result
    },
    loading() {},
    rewriting() {},
  }
}
