import { expect, test } from 'vitest'
import { LastingConnection } from '../../src/transport/lasting-connection.ts'
import { connectLocal } from '../../src/transport/local-connection.ts'

test('gives shells that live on after the connection was made anew', async () => {
  const connection = new LastingConnection(connectLocal({}), () => Promise.resolve(connectLocal({})))
  try {
    const shell = connection.shell()
    const pid = async () => (await shell.run('echo $PPID $$')).stdout.toString()
    const first = await pid()
    await connection.again()
    const second = await pid()
    expect(second).not.toBe(first)
    expect(connection.traffic.roundTrips).toBeGreaterThanOrEqual(2)
  } finally {
    await connection.close()
  }
})

test('stays as it is where there is no new one to be had', async () => {
  const connection = new LastingConnection(connectLocal({}), () => Promise.reject(new Error('away')))
  try {
    await expect(connection.again()).rejects.toThrow('away')
    expect((await connection.shell().run('echo here')).stdout.toString()).toBe('here\n')
  } finally {
    await connection.close()
  }
})
