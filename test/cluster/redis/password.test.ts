import { afterAll, describe, expect, test } from 'vitest'
import { changePassword, observePassword, SETTLED } from '../../../src/cluster/redis/password.ts'
import { Reach } from '../../../src/cluster/redis/reach.ts'
import { LocalServers, whyNoRedis } from './local-servers.ts'

const missing = whyNoRedis()
describe.skipIf(missing)(`a password${missing ? ` (${missing})` : ''}`, () => {
  const servers = new LocalServers(60, ['--requirepass', 'old-password', '--masterauth', 'old-password'])
  const instances = [1, 2].map((host) => servers.instance(host, 7000))
  afterAll(() => servers.close())

  test('changes on all instances, and both are taken in between', async () => {
    await servers.start(...instances)
    const state = () => Promise.all(instances.map((instance) => observePassword(servers.dial, instance, 'new-password', 'old-password')))
    expect(await state()).toEqual(Array(2).fill({ takesNew: false, takesOld: true, showsNew: false }))
    const reach = new Reach({ dial: servers.dial, passwords: ['new-password', 'old-password'] })
    const between: unknown[] = []
    await changePassword(reach, instances, 'new-password', (text) => void between.push(text))
    expect(await state()).toEqual(Array(2).fill(SETTLED))
    expect(between).toHaveLength(3)
    reach.close()
  })

  test('interrupted after the first step, it is seen and goes on', async () => {
    const [first] = instances
    const reach = new Reach({ dial: servers.dial, passwords: ['new-password'] })
    await reach.ask(first!, 'ACL', 'SETUSER', 'default', 'on', '>newer-password')
    expect(await observePassword(servers.dial, first!, 'newer-password', 'new-password')).toEqual({ takesNew: true, takesOld: true, showsNew: false })
    await changePassword(reach, [first!], 'newer-password', () => {})
    expect(await observePassword(servers.dial, first!, 'newer-password', 'new-password')).toEqual(SETTLED)
    reach.close()
  })

  test('an instance without one is seen as such, one that does not run is left out', async () => {
    const reach = new Reach({ dial: servers.dial, passwords: ['new-password'] })
    await reach.ask(instances[1]!, 'CONFIG', 'SET', 'requirepass', '')
    expect(await observePassword(servers.dial, instances[1]!, 'new-password', undefined)).toMatchObject({ takesNew: false, takesOld: true })
    reach.close()
    expect(await observePassword(servers.dial, servers.instance(9, 7000), 'new-password', undefined)).toBeUndefined()
  })
})
