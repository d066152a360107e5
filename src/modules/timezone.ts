import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { contentResource, fileResource } from '../host/file.ts'
import { type Step, link, run, write } from '../host/step.ts'
import { choice, text } from '../schema/field.ts'
import { type Aside, aside } from '../value/aside.ts'
import { bytesContent } from '../value/content.ts'

interface Clock {
  readonly name: string | undefined
  readonly hwclock: string | undefined
  readonly seen: Aside<{ readonly etc: string | undefined; readonly adjtime: string | undefined; readonly exists: boolean; readonly timedatectl: boolean; readonly hardware: boolean }>
}

const ZONES = '/usr/share/zoneinfo'

export const timezone = defineModule({
  name: 'timezone',
  summary: "Set the host's time zone, and whether its hardware clock runs in UTC.",
  notes: ['Needs the package tzdata on the host.'],
  examples: `
- name: All hosts are in one zone
  timezone: { name: Etc/UTC }
- name: In that of the people who read the logs
  timezone: { name: Europe/Berlin }
  when: inventory_hostname in groups['office'] | default([])
`,
  params: {
    name: text('The zone: Europe/Berlin, Etc/UTC …'),
    hwclock: choice(['local', 'UTC'], 'What the hardware clock shows.', { aliases: ['rtc'] }),
  },
  rules: { oneOf: [['name', 'hwclock']] },
  async probe(host, { name, hwclock }): Promise<Clock> {
    const [local, etc, adjtime, zone, reply] = await Promise.all([
      host.get(fileResource, '/etc/localtime'), host.get(contentResource, '/etc/timezone'), host.get(contentResource, '/etc/adjtime'),
      name === undefined ? undefined : host.get(fileResource, `${ZONES}/${name}`), host.run('command -v timedatectl >/dev/null && [ -d /run/systemd/system ] && echo t; command -v hwclock >/dev/null && echo h; :', []),
    ])
    const target = known(local).target
    const has = known(reply).stdout.toString()
    const [file, adjust] = [known(etc)?.toString(), known(adjtime)?.toString()]
    // A localtime that is no link says nothing of its name.
    const now = target === undefined ? undefined : target.replace(/^.*zoneinfo\//, '')
    return {
      name: name === undefined ? undefined : file === undefined || file.trim() === now ? now : `${now ?? ''} (/etc/timezone: ${file.trim()})`, hwclock: hwclock === undefined ? undefined : clockOf(adjust),
      seen: aside({ etc: file, adjtime: adjust, exists: zone === undefined || known(zone).kind !== 'absent', timedatectl: has.includes('t'), hardware: has.includes('h') }),
    }
  },
  plan({ name, hwclock }, before) {
    if (name !== undefined && (!/^[\w+./-]+$/.test(name) || name.split('/').includes('..'))) fail(`given timezone "${name}" is not a name of a time zone`)
    if (!before.seen.value.exists) fail(`given timezone "${name}" is not available: ${ZONES}/${name} does not exist`)
    return { ...before, name, hwclock }
  },
  *apply({ before, after }): Iterable<Step> {
    const { etc, adjtime, timedatectl } = before.seen.value
    if (after.name !== undefined && after.name !== before.name) {
      yield link('/etc/localtime', `${ZONES}/${after.name}`)
      if (etc !== undefined) yield write('/etc/timezone', bytesContent(`${after.name}\n`))
    }
    if (after.hwclock !== undefined && after.hwclock !== before.hwclock) {
      // The third line of adjtime is what the clock shows; the kernel is told by timedatectl, which writes the same line.
      yield write('/etc/adjtime', bytesContent(withClock(adjtime, after.hwclock)), adjtime === undefined ? { mode: 0o644 } : {})
      if (timedatectl) yield run(['timedatectl', 'set-local-rtc', after.hwclock === 'local' ? 'yes' : 'no'], [], { okay: 'any' })
    }
  },
  diff: ({ before, after }) => {
    const side = ({ name, hwclock }: Clock) => `${name === undefined ? '' : `name: ${name}\n`}${hwclock === undefined ? '' : `hwclock: ${hwclock}\n`}`
    return [{ header: { before: 'timezone', after: 'timezone' }, before: side(before), after: side(after) }]
  },
})

/** Without the file, or without its third line, the clock counts as UTC. */
const clockOf = (adjtime: string | undefined): string => (adjtime?.split('\n')[2]?.trim() === 'LOCAL' ? 'local' : 'UTC')

function withClock(adjtime: string | undefined, clock: string): string {
  const [drift = '0.0 0 0.0', last = '0'] = (adjtime ?? '').split('\n').filter(Boolean)
  return `${drift}\n${last}\n${clock === 'local' ? 'LOCAL' : 'UTC'}\n`
}
