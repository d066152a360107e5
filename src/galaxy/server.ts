import { Problem } from '../problem/problem.ts'
import { type Download, getJson } from './obtain.ts'

/** One server for roles and collections, and what it needs to know of us. */
export interface GalaxyServer {
  readonly url: string
  readonly token: string | undefined
  /** In milliseconds. */
  readonly timeout: number
}

export interface CollectionVersion {
  readonly version: string
  readonly address: string
  readonly sha256: string | undefined
  readonly dependencies: Readonly<Record<string, string>>
}

export interface RoleVersion {
  readonly version: string
  readonly address: string
}

const options = ({ token, timeout }: GalaxyServer): Download => ({ timeout, ...(token === undefined ? {} : { headers: { authorization: `Token ${token}` } }) })
/** `https://galaxy.ansible.com` has its interface below `api`; others are named with it. */
const api = (url: string): string => (/\/api(?:\/|$)/.test(url) ? url : `${url.replace(/\/+$/, '')}/api`).replace(/\/+$/, '')
const join = (url: string, path: string): string => new URL(path, url).href

/** The versions of a collection that a server has, in no order. The server's answer says where further pages are. */
export async function collectionVersions(server: GalaxyServer, name: string): Promise<readonly string[]> {
  const found: string[] = []
  let page: string | undefined = `${api(server.url)}/v3/collections/${name.replace('.', '/')}/versions/?limit=100`
  for (let pages = 0; page !== undefined && pages < 100; pages++) {
    const answer = (await getJson(page, options(server))) as { data?: readonly { version: string }[]; links?: { next?: string | null } }
    found.push(...(answer.data ?? []).map(({ version }) => version))
    page = answer.links?.next ? join(page, answer.links.next) : undefined
  }
  return found
}

export async function collectionVersion(server: GalaxyServer, name: string, version: string): Promise<CollectionVersion> {
  const address = `${api(server.url)}/v3/collections/${name.replace('.', '/')}/versions/${encodeURIComponent(version)}/`
  const answer = (await getJson(address, options(server))) as { download_url?: string; artifact?: { sha256?: string }; metadata?: { dependencies?: Record<string, string> } }
  if (answer.download_url === undefined) throw new Problem({ code: 'galaxy-refused', summary: 'The server does not say where the collection is', detail: `${name} ${version}, ${address}` })
  return { version, address: join(address, answer.download_url), sha256: answer.artifact?.sha256, dependencies: answer.metadata?.dependencies ?? {} }
}

/** A role by `namespace.name`: the archive of the repository it lives in, at the version asked for, or the newest, or the repository's branch. */
export async function roleVersion(server: GalaxyServer, name: string, wanted: string | undefined, newest: (versions: readonly string[]) => string | undefined): Promise<RoleVersion> {
  const [owner = '', role = ''] = [name.slice(0, name.indexOf('.')), name.slice(name.indexOf('.') + 1)]
  const search = `${api(server.url)}/v1/roles/?owner__username=${encodeURIComponent(owner)}&name=${encodeURIComponent(role)}`
  const { results: [found] = [] } = (await getJson(search, options(server))) as { results?: readonly RoleAnswer[] }
  if (!found) throw new Problem({ code: 'galaxy-not-found', summary: 'The server has no such role', detail: `'${name}' at ${server.url}` })
  const versions = found.summary_fields?.versions ?? []
  const version = wanted ?? newest(versions.map(({ name: one }) => one)) ?? found.github_branch ?? 'master'
  const address = versions.find((one) => one.name === version)?.download_url ?? `https://github.com/${found.github_user}/${found.github_repo}/archive/${encodeURIComponent(version)}.tar.gz`
  if (wanted !== undefined && versions.length > 0 && !versions.some((one) => one.name === wanted)) throw new Problem({ code: 'galaxy-not-found', summary: 'The role has no such version', detail: `${name} ${wanted}`, hint: `there are ${versions.map((one) => one.name).join(', ')}` })
  return { version, address: join(search, address) }
}

interface RoleAnswer {
  readonly github_user: string
  readonly github_repo: string
  readonly github_branch?: string
  readonly summary_fields?: { readonly versions?: readonly { readonly name: string; readonly download_url?: string }[] }
}
