import { quote } from '../shell/quote.ts'
import type { Resource } from './resource.ts'

/** The value of a kernel parameter as /proc/sys has it, white space made single; undefined where the kernel does not know it. Key: its name, with dots or slashes. */
export const sysctlResource: Resource<string | undefined> = {
  kind: 'sysctl',
  async load(shell, keys) {
    const replies = await Promise.all(keys.map((key) => shell.run(`cat -- ${quote(`/proc/sys/${pathOf(key)}`)}`)))
    return replies.map(({ code, stdout }) => (code === 0 ? normal(stdout.toString()) : undefined))
  },
}

/** Dots and slashes change places where the first separator is a dot: `net.ipv4.conf.eth0/1.forwarding` speaks of the interface eth0.1. */
export function pathOf(name: string): string {
  const first = /[./]/.exec(name)?.[0]
  return first === '/' ? name : name.replace(/[./]/g, (mark) => (mark === '.' ? '/' : '.'))
}

/** Whether it may be set: a container's /proc/sys is read-only but for what is its own. Key: as above. */
export const maySetSysctl: Resource<boolean> = {
  kind: 'may set sysctl',
  async load(shell, keys) {
    const replies = await Promise.all(keys.map((key) => shell.run(`[ -w ${quote(`/proc/sys/${pathOf(key)}`)} ]`)))
    return replies.map(({ code }) => code === 0)
  },
}

export const normal = (value: string): string => value.trim().replace(/\s+/g, ' ')
