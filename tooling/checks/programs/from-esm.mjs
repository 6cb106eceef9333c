import process from 'node:process'
import * as shale from '@shale/cache'
import { exercise } from './exercise.mjs'

await exercise(shale, undefined)
await exercise(shale, process.argv[2])
console.log('imported and exercised')
