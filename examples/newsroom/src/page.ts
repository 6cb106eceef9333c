import type { Route } from './routes.ts'

/** The page for people: what there is to ask. */
export function page(routes: readonly Route[]): string {
  const rows = routes.map(({ method, usage, about }) => {
    const path = method === 'GET' ? `<a href="${usage}">${usage}</a>` : usage
    return `<tr><td>${method}</td><td>${path}</td><td>${about}</td></tr>`
  })
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>The newsroom</title>
<style>
  body { max-width: 46rem; margin: 3rem auto; padding: 0 1rem; font: 1rem/1.5 Georgia, serif }
  td { padding: .2rem 1rem .2rem 0 } td:nth-child(-n + 2) { font-family: monospace; white-space: nowrap }
</style>
<h1>The newsroom</h1>
<p>Five hundred articles of 1961. The header <code>x-cache</code> of every answer says whether the cache had it.</p>
<form action="/search"><input name="q" value="congo" aria-label="Search for"> <button>Search</button></form>
<table>${rows.join('\n')}</table>
</html>
`
}
