import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/longest-first.ts'

// The condition makes every @florin import read the source of the package: no build is needed to run tests.
const conditions = ['@florin/source', 'node']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    passWithNoTests: false,
    // A machine that is busy needs longer than vitest's five seconds; what hangs is found all the same.
    ...{ testTimeout: 30_000, hookTimeout: 60_000 },
    sequence: { sequencer: LongestFirst },
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/*.test-d.ts', '**/*.conformance.ts'],
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 0 },
          include: ['packages/*/src/**/*.test.ts', 'examples/*/src/**/*.test.ts', 'test/**/*.test.ts'],
          typecheck: {
            enabled: true,
            include: ['packages/*/{src,test}/**/*.test-d.ts'],
            tsconfig: './tsconfig.test.json',
          },
        },
      },
      {
        // What lies under a package's test/ folder needs real servers. They start only when such a file runs.
        extends: true,
        test: {
          name: 'services',
          // Two at once, for they wait as much as they work. Each has databases of its own in the servers that they share.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          include: ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts'],
          globalSetup: ['./test/services/setup.ts'],
        },
      },
    ],
  },
})
