import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findLabDirectory } from '../../src/lab/lab-home.ts'
import { labDown, labLines, labUp } from '../../src/lab/lab.ts'
import type { DriverName } from '../../src/lab/lab-spec.ts'
import { type TestLab, withLab } from '../lab/with-lab.ts'

/** Notes, while a lab is up, what is its own on this machine; the function it gives tells what of that is left. */
export type Watch = (lab: TestLab) => () => Promise<readonly string[]>

/** What every driver of the lab keeps to. */
export function labDriverContract(driver: DriverName, watch: Watch): void {
  describe(`the ${driver} driver`, () => {
    let lab: TestLab
    const said: string[] = []
    const again = () => labUp(lab.lab.spec, (text) => said.push(text))
    const states = async () => Object.fromEntries((await labLines(lab.lab.spec)).map((line) => [line.name, line.state]))

    beforeAll(async () => {
      lab = await withLab(driver, { n1: { zone: 'a', groups: ['web'] }, n_2: { zone: 'b', groups: ['web'] }, n3: { zone: 'c' } }, { driver })
    })
    afterAll(async () => {
      if (findLabDirectory(lab.lab.spec.name)) await lab.down()
    })

    it('brings up hosts that answer with their own names to a strict ssh, with sudo, systemd and no python', async () => {
      for (const host of lab.hosts) {
        const { stdout, stderr, code } = await host.run('hostname; sudo -n id -un; systemctl is-system-running; command -v python3 || echo no python')
        expect({ code, stderr }, host.name).toEqual({ code: 0, stderr: '' })
        expect(stdout.split('\n').slice(0, 4)).toEqual([host.name.replace('_', '-'), 'root', expect.stringMatching(/running|degraded/), 'no python'])
      }
    })

    it('gives each host an address of its own, from which the others can be reached', async () => {
      expect(new Set(lab.hosts.map((host) => host.address)).size).toBe(3)
      expect((await lab.host('n1').run(`ping -c1 -W2 ${lab.host('n3').address}`)).code).toBe(0)
    })

    it('installs packages inside', async () => {
      const { code, stdout } = await lab.host('n3').run('sudo apt-get install -y -qq -o DPkg::Lock::Timeout=300 tree >/dev/null 2>&1; tree --version')
      expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('tree v') })
    })

    it('does nothing when it is up already', async () => {
      const before = lab.hosts.map((host) => lab.lab.host(host.name))
      said.length = 0
      await again()
      expect(said.filter((text) => /n1|n_2|n3/.test(text))).toEqual([])
      expect(lab.hosts.map((host) => lab.lab.host(host.name))).toEqual(before)
    })

    it('sees a host whose plug was pulled, and brings it back with what was on its disk', async () => {
      const host = lab.host('n1')
      await host.run('sudo sh -c "echo kept > /etc/kept; sync"')
      await host.powerOff()
      expect(await states()).toEqual({ n1: 'stopped', n_2: 'running', n3: 'running' })
      await again()
      expect(await states()).toEqual({ n1: 'running', n_2: 'running', n3: 'running' })
      expect((await host.run('cat /etc/kept')).stdout).toBe('kept\n')
    })

    it('comes back from a restart from within', async () => {
      const host = lab.host('n1')
      const boot = async () => (await host.run('cat /proc/1/stat | cut -d" " -f22')).stdout
      const before = await boot()
      await host.run('sudo systemctl reboot')
      await expect.poll(boot, { timeout: 60_000, interval: 300 }).toSatisfy((now: string) => now !== '' && now !== before)
    })

    it('parts a host from the others and lets it back', async () => {
      const ping = () => lab.host('n1').run(`ping -c1 -W1 ${lab.host('n3').address}`)
      await lab.host('n3').cut()
      expect((await ping()).code).not.toBe(0)
      await lab.host('n3').heal()
      await expect.poll(async () => (await ping()).code, { timeout: 20_000 }).toBe(0)
    })

    it('renews a host: a fresh disk behind the host key that is known', async () => {
      const host = lab.host('n3')
      await host.run('sudo touch /etc/written')
      await host.renew()
      expect((await host.run('ls /etc/written')).code).not.toBe(0)
      expect((await host.run('true')).code).toBe(0)
    })

    it('is an inventory: zones, groups, addresses and the lab’s own key and known hosts', () => {
      const vars = (name: string) => lab.inventory.hosts.get(name)!.vars
      expect(vars('n1').get('zone')).toBe('a')
      expect(vars('n1').get('ansible_host')).toBe(lab.lab.host('n1').address)
      expect(existsSync(String(vars('n1').get('ansible_ssh_private_key_file')))).toBe(true)
      expect(lab.inventory.groups.get('web')?.hosts).toEqual(['n1', 'n_2'])
    })

    it('leaves nothing behind', async () => {
      const leftOver = watch(lab)
      expect(await leftOver()).not.toEqual([])
      await labDown(lab.lab)
      expect(await leftOver()).toEqual([])
      expect(existsSync(lab.lab.directory)).toBe(false)
      expect(await states()).toEqual({ n1: 'not made', n_2: 'not made', n3: 'not made' })
    })
  })
}
