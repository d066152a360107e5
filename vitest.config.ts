import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const json = process.env.TUTTI_TEST_JSON

/** The tests that need no root and no lab: `npm test`. Two files at a time even on two cores, where Vitest would take one: many of them wait. */
export default defineConfig({
  test: {
    env: { TUTTI_STRICT: '1' }, include: ['test/**/*.test.ts'], exclude: ['test/lab/**', 'test/k3s/**', 'node_modules/**'], testTimeout: 30_000, hookTimeout: 60_000, maxWorkers: Math.max(2, availableParallelism() - 1),
    reporters: json ? ['default', ['json', { outputFile: json }]] : ['default'],
  },
})
