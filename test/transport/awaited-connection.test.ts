import { expect, test } from 'vitest'
import { awaitedConnection } from '../../src/transport/awaited-connection.ts'
import { connectLocal } from '../../src/transport/local-connection.ts'

test('rejects until the host is reached, and is its connection from then on', async () => {
  let isUp = false
  const connection = awaitedConnection(async () => (isUp ? connectLocal({}) : Promise.reject(new Error('still away'))), new Error('away'))
  const answer = async () => (await connection.shell().run('echo here')).stdout.toString()
  await expect(answer()).rejects.toThrow('away')
  await expect(connection.again!()).rejects.toThrow('still away')
  isUp = true
  await connection.again!()
  expect(await answer()).toBe('here\n')
  expect(connection.name).toBe('local')
})
