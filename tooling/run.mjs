// The one program behind `npm start`, `npm test` and the other scripts: it needs Node and npm, and sees to the rest.
// This file keeps to syntax that old versions of Node can read, so that they get a message instead of a syntax error.
import process from 'node:process'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`This needs Node 20.19 or later, and this is Node ${process.versions.node}. Install a newer one and run it again.`)
  process.exit(1)
}

const { main } = await import('./run/main.mjs')
process.exitCode = await main(process.argv.slice(2))
