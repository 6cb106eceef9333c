import { djangoRing, jump, ketama, rendezvous } from '@shale/router'
import { routerContract } from '@shale/testing'
import { describe, test } from 'vitest'

describe('rendezvous', () => routerContract({ test, create: rendezvous }))
describe('jump', () => routerContract({ test, create: jump, capabilities: { weights: false, anyOrder: false } }))
describe('ketama', () => routerContract({ test, create: ketama, capabilities: { imbalance: 0.25 } }))
describe('djangoRing', () => routerContract({ test, create: djangoRing, capabilities: { hashTags: false, imbalance: 0.6 } }))
