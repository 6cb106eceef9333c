import { test } from 'vitest'
import { costlyEntries, reader } from '/work/main/packages/codecs/test/costly-entries.ts'
test('x', () => {
  const s = reader(), rows = []
  for (const { name, entry } of costlyEntries()) {
    let best = Infinity, res = ''
    for (let i = 0; i < 3; i++) { const t = performance.now(); try { const v = s.decode(entry); res = 'value'; void v } catch (e) { res = e.code + ' ' + e.message.slice(0, 80) } best = Math.min(best, performance.now() - t) }
    rows.push([best, name, entry.length, res])
  }
  rows.sort((a, b) => b[0] - a[0]); for (const r of rows) console.log(r[0].toFixed(1), r[1], r[2], r[3])
}, 120000)
