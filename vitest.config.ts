import { defineConfig } from 'vitest/config'

/** The tests that need no root and no lab: `npm test`. */
export default defineConfig({
  test: { include: ['test/**/*.test.ts'], exclude: ['test/lab/**', 'node_modules/**'], testTimeout: 20_000 },
})
