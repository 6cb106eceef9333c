import { defineConfig } from 'vitest/config'

const conditions = ['@shale/source', 'node', 'import', 'default']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    maxWorkers: 2,
    reporters: ['default'],
    projects: [
      {
        extends: true,
        test: {
          name: 'packages',
          include: ['packages/*/test/**/*.test.ts', 'tooling/servers/test/**/*.test.ts', 'examples/custom-driver/test/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 30_000,
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
        },
      },
    ],
  },
})
