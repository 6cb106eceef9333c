import { configDefaults, defineConfig } from 'vitest/config'

const conditions = ['@shale/source', 'node', 'import', 'default']

/** Tests that measure time or memory: each runs alone, after all others. */
const measuring = [
  'packages/cache/test/{after-an-outage,deadlines,lock,process,reinsert-live,server-failures,shards-failures,shards-speed,sweep-bulk}.test.ts',
  'packages/cache/test/resharding/{deploys,rebalance-bulk}.test.ts',
  'packages/client/test/{failures,lifecycle,outages,restarts}.test.ts',
  'packages/client/test/cluster-{errors,failover,live,migration}.test.ts',
  'packages/client/test/{read-your-writes,replica-set-failover,replica-set-hung,replica-set-lag,sentinel-failover}.test.ts',
  'packages/codecs/test/cost.test.ts',
  'packages/cache/test/model-failover.test.ts',
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
          include: ['packages/*/test/**/*.test.ts', 'tooling/servers/test/**/*.test.ts', 'examples/custom-driver/test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...measuring],
        },
      },
      {
        extends: true,
        test: {
          name: 'measuring',
          include: measuring,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
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
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
