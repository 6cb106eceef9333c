import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyFormatContract } from '@shale/testing'
import { tenantFirst } from '../src/tenant-first.ts'

keyFormatContract({ test, create: () => tenantFirst })

test('the tenant comes first', () => {
  assert.equal(tenantFirst.format('acme/invoice:7', 'shop', 2), 'acme/shop/v2/invoice:7')
  assert.equal(tenantFirst.format('invoice:7', 'shop/eu', 1), '/shop%2Feu/v1/invoice:7')
})

test('a stored key that nobody would write stands for nothing', () => {
  assert.equal(tenantFirst.parse('/shop/v1/acme/invoice:7', 'shop'), undefined)
  assert.equal(tenantFirst.parse('acme/shop/v01/invoice:7', 'shop'), undefined)
})
