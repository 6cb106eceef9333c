import { configDefaults, defineConfig } from 'vitest/config'

const conditions = ['@shale/source', 'node', 'import', 'default']

/** Tests that spend their time waiting, for servers that fail and come back: two at a time, after those that keep a processor busy. */
const waiting = [
  'packages/cache/test/{after-an-outage,deadlines,model-failover,refusals,resharding/deploys,server-failures}.test.ts',
  'packages/cache/test/tls-*.test.ts',
  'packages/client/test/{abandoned,cluster-errors,cluster-live,cluster-migration,failures}.test.ts',
  'packages/client/test/{replica-set-lag,replica-set-members,sentinel}.test.ts',
  'tooling/servers/test/**/*.test.ts',
]

/** Tests that measure time or memory: each runs alone, after all others. */
const measuring = [
  'packages/cache/test/{lock,process,reinsert-live,shards-failures,shards-speed,sweep-bulk}.test.ts',
  'packages/cache/test/resharding/rebalance-bulk.test.ts',
  'packages/client/test/{lifecycle,outages,read-your-writes,replica-set-hung,restarts}.test.ts',
  'packages/client/test/{cluster-failover,cluster-hung,replica-set-failover,sentinel-failover}.test.ts',
  'packages/codecs/test/cost.test.ts',
  'packages/router/test/route-rates.test.ts',
  'tooling/soak/test/soak.test.ts',
]

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ['default'],
    projects: [
      {
        extends: true,
        test: {
          name: 'packages',
          include: ['packages/*/test/**/*.test.ts', 'examples/custom-driver/test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...waiting, ...measuring],
        },
      },
      {
        extends: true,
        test: {
          name: 'waiting',
          include: waiting,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'measuring',
          include: measuring,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'checks',
          include: ['tooling/checks/test/**/*.test.ts'],
          globalSetup: ['tooling/checks/src/prepare.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxConcurrency: 2,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})
