import { Problem } from '../problem/problem.ts'
import { quote } from '../shell/quote.ts'
import { isUnknown } from '../value/value.ts'
import type { Reader } from './reader.ts'

const VARIABLE = /\$(?:(\w+)|\{([^}]*)\})/g

/**
 * A path as a task writes it, made absolute: `~`, `~user` and `$NAME` are expanded for the task's user, what is relative starts
 * where the user's commands start. Unset variables stay as they are written. A slash at the end is kept. Throws the `Unknown`
 * where a dry run cannot tell, a `Problem` where the path is empty.
 */
export async function resolvePath(host: Reader, path: string, environment: Readonly<Record<string, string>> = {}): Promise<string> {
  const expanded = await expandPath(host, path, environment)
  // It would be the directory where commands start: a variable without a value must not remove a home.
  if (expanded === '') throw new Problem({ code: 'empty-path', summary: 'a path is empty', hint: 'a variable in it may have no value' })
  return expanded.startsWith('/') ? expanded : `${(await host.whoami()).directory.replace(/\/$/, '')}/${expanded}`
}

/** The same for what may stay relative: what a link says. */
export const expandPath = async (host: Reader, path: string, environment: Readonly<Record<string, string>> = {}): Promise<string> => expandHome(host, await expandVariables(host, path, environment))

async function expandVariables(host: Reader, path: string, environment: Readonly<Record<string, string>>): Promise<string> {
  const names = [...path.matchAll(VARIABLE)].map(([, bare, braced]) => bare ?? braced!).filter((name) => /^[A-Za-z_]\w*$/.test(name))
  if (names.length === 0) return path
  const values = new Map<string, string>(Object.entries(environment))
  await Promise.all(names.filter((name) => !values.has(name)).map(async (name) => {
    if (name === 'HOME') return values.set(name, (await host.whoami()).home)
    // Of the environment alone: a shell has variables of its own, as IFS.
    const reply = await host.run(`printenv ${name}`, [])
    if (isUnknown(reply)) throw reply
    return reply.code === 0 ? values.set(name, reply.stdout.toString().replace(/\n$/, '')) : values
  }))
  return path.replace(VARIABLE, (whole, bare, braced) => values.get(bare ?? braced) ?? whole)
}

async function expandHome(host: Reader, path: string): Promise<string> {
  const user = /^~([\w.-]*)(?=\/|$)/.exec(path)
  if (!user) return path
  if (user[1] === '') return (await host.whoami()).home + path.slice(1)
  const reply = await host.run(`getent passwd ${quote(user[1]!)} || grep ${quote(`^${user[1]!.replaceAll('.', '[.]')}:`)} /etc/passwd`, ['/etc/passwd'])
  if (isUnknown(reply)) throw reply
  const home = reply.stdout.toString().split(':')[5]
  return home ? home + path.slice(user[0].length) : path
}
