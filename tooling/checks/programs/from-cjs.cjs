const process = require('node:process')
const shale = require('@shale/cache')
const { exercise } = require('./exercise.mjs')

async function main() {
  await exercise(shale, undefined)
  await exercise(shale, process.argv[2])
  console.log('required and exercised')
}

main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
