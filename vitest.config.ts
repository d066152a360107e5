import { defineConfig } from 'vitest/config'

const json = process.env.TUTTI_TEST_JSON

/** The tests that need no root and no lab: `npm test`. */
export default defineConfig({
  test: {
    env: { TUTTI_STRICT: '1' }, include: ['test/**/*.test.ts'], exclude: ['test/lab/**', 'test/k3s/**', 'node_modules/**'], testTimeout: 30_000, hookTimeout: 60_000,
    reporters: json ? ['default', ['json', { outputFile: json }]] : ['default'],
  },
})
