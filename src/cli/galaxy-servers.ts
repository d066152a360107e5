import type { GalaxyServer } from '../galaxy/server.ts'
import { UsageProblem } from './options.ts'
import { type Env, type Settings, type SettingsSource, findSet, readSource } from './settings.ts'

/** The servers to ask, in order: the one of the command line (an address, or a name of `server_list`), those of `server_list`, or the usual one. */
export function galaxyServersOf(settings: Settings, env: Env, { server, token, timeout }: { readonly server: string | undefined; readonly token: string | undefined; readonly timeout: number | undefined }): readonly GalaxyServer[] {
  const source = readSource(env, process.cwd(), settings.file)
  const seconds = timeout ?? settings.integer('galaxyTimeout') ?? 60
  const listed = (settings.text('galaxyServerList') ?? '').split(',').map((name) => name.trim()).filter(Boolean)
  const named = (name: string): GalaxyServer => namedServer(name, source, seconds)
  if (server !== undefined) return [listed.includes(server) ? named(server) : { url: server, token, timeout: seconds * 1000 }]
  if (listed.length > 0) return listed.map(named)
  return [{ url: settings.text('galaxyServer') ?? 'https://galaxy.ansible.com', token, timeout: seconds * 1000 }]
}

/** The options of a server stand in a section of its own and in variables of its name. */
function namedServer(name: string, source: SettingsSource, seconds: number): GalaxyServer {
  const option = (key: string): string | undefined => findSet({ ini: [{ section: `galaxy_server.${name}`, key }], env: [`ANSIBLE_GALAXY_SERVER_${name.toUpperCase()}_${key.toUpperCase()}`] }, source)?.text
  const url = option('url')
  if (url === undefined) throw new UsageProblem({ code: 'bad-setting', summary: 'A server of server_list has no address', detail: name, hint: `[galaxy_server.${name}] with url = …` })
  for (const key of ['username', 'auth_url', 'client_id']) if (option(key) !== undefined) throw new UsageProblem({ code: 'bad-setting', summary: 'This way to log in to a server is not offered', detail: `${key} of ${name}`, hint: 'use a token' })
  return { url, token: option('token'), timeout: Number(option('timeout') ?? seconds) * 1000 }
}
