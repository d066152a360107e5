import { defineConfig } from 'vitest/config'

const json = process.env.TUTTI_TEST_JSON

/** The tests against real hosts of the lab: root, Linux. Two files at a time, each with a lab of its own: they mostly wait. */
export default defineConfig({
  test: {
    env: { TUTTI_STRICT: '1' }, include: ['test/lab/**/*.test.ts'], testTimeout: 600_000, hookTimeout: 600_000, maxWorkers: 2,
    reporters: json ? ['default', ['json', { outputFile: json }]] : ['default'],
  },
})
