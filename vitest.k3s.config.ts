import { defineConfig } from 'vitest/config'

const json = process.env.TUTTI_TEST_JSON

/** The tests on a Kubernetes in lab hosts: root, Linux, and what test/k3s/build.sh makes (or `K3S` and `IMAGES`). One file at a time. */
export default defineConfig({
  test: {
    env: { TUTTI_STRICT: '1' }, include: ['test/k3s/**/*.test.ts'], testTimeout: 600_000, hookTimeout: 900_000, maxWorkers: 1,
    reporters: json ? ['default', ['json', { outputFile: json }]] : ['default'],
  },
})
