import { defineConfig } from 'vitest/config'

const json = process.env.TUTTI_TEST_JSON

/** The tests against real hosts of the lab: root, Linux, one file at a time, because they share the machine. */
export default defineConfig({
  test: {
    env: { TUTTI_STRICT: '1' }, include: ['test/lab/**/*.test.ts'], testTimeout: 600_000, hookTimeout: 600_000, fileParallelism: false,
    reporters: json ? ['default', ['json', { outputFile: json }]] : ['default'],
  },
})
