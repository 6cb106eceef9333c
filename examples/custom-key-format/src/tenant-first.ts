import type { KeyFormat } from '@shale/contracts'

const withTenant = /^([A-Za-z0-9_.-]+)\/(.*)$/s
const stored = /^([A-Za-z0-9_.-]*)\/([^/]*)\/v(0|-?[1-9]\d*)\/(.*)$/s

/**
 * Puts the tenant first: the key `acme/invoice:7` of prefix `shop` and version 2 is stored as `acme/shop/v2/invoice:7`. So
 * one rule of a server's access list (`~acme/*`) covers a tenant's keys in every cache, and one scan finds them. A key
 * without a tenant is stored with an empty one: `/shop/v2/invoice:7`.
 */
export const tenantFirst: Required<KeyFormat> = {
  format(key, prefix, version) {
    const [, tenant = '', rest = key] = withTenant.exec(key) ?? []
    return `${tenant}/${escaped(prefix)}/v${version}/${rest}`
  },

  parse(text, prefix) {
    const [, tenant, storedPrefix, version, rest] = stored.exec(text) ?? []
    if (tenant === undefined || rest === undefined || storedPrefix !== escaped(prefix) || !Number.isSafeInteger(Number(version)))
      return undefined
    // What stands without a tenant must not look as if it had one, or two stored keys would stand for one key.
    if (tenant === '' && (rest === '' || withTenant.test(rest))) return undefined
    return { key: tenant === '' ? rest : `${tenant}/${rest}`, version: Number(version) }
  },
}

/** A prefix without the slash that ends it. */
function escaped(prefix: string): string {
  return prefix.replaceAll('%', '%25').replaceAll('/', '%2F')
}
