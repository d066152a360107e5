import { basename, dirname, resolve } from 'node:path'
import { existsSync, statSync } from 'node:fs'
import { Problem, type Span } from '../problem/problem.ts'
import { type Value, isDict } from '../value/value.ts'
import { loadYaml } from '../yaml/load-yaml.ts'
import { type YamlNode, entryOf, toValue } from '../yaml/yaml-node.ts'

export interface RoleRequirement {
  readonly kind: 'galaxy' | 'git' | 'tar' | 'directory'
  /** `namespace.role`, a repository, an archive (a path or an address), or a directory. */
  readonly source: string
  /** What it is called once it is there. */
  readonly name: string
  readonly version: string | undefined
  readonly span?: Span
}

export interface CollectionRequirement {
  readonly kind: 'galaxy' | 'git' | 'tar' | 'directory'
  /** `namespace.name` for a server, else where it comes from. */
  readonly source: string
  /** A range for a server, else a branch, tag or commit. */
  readonly version: string
  /** Another server than the usual. */
  readonly server: string | undefined
  /** Below the top of a repository. */
  readonly path: string | undefined
  readonly span?: Span
}

export interface Requirements {
  readonly roles: readonly RoleRequirement[]
  readonly collections: readonly CollectionRequirement[]
}

/** Reads a `requirements.yml`: `roles:` and `collections:`, or the older list of roles, which may include other files. */
export function readRequirements(file: string): Requirements {
  const node = loadYaml(file, { templates: false, duplicates: 'refuse' })
  if (node.kind === 'sequence') return { roles: node.items.flatMap((item) => roleOf(item, file)), collections: [] }
  if (node.kind !== 'mapping') throw wrong('it holds neither roles nor collections', node.span)
  for (const { key, keySpan } of node.entries) if (key !== 'roles' && key !== 'collections') throw new Problem({ code: 'bad-requirements', summary: 'A file of requirements has only roles and collections', detail: `'${String(key)}'`, span: keySpan })
  const items = (key: string): readonly YamlNode[] => {
    const value = entryOf(node, key)?.value
    if (!value || (value.kind === 'scalar' && toValue(value) === null)) return []
    if (value.kind !== 'sequence') throw wrong(`'${key}' is a list`, value.span)
    return value.items
  }
  return { roles: items('roles').flatMap((item) => roleOf(item, file)), collections: items('collections').map((item) => collectionOf(item, file)) }
}

const wrong = (detail: string, span?: Span): Problem => new Problem({ code: 'bad-requirements', summary: 'The requirements cannot be read', detail, ...(span ? { span } : {}) })

function textsOf(node: YamlNode): Readonly<Record<string, string>> {
  const value: Value = toValue(node)
  if (typeof value === 'string') return { '': value }
  if (!isDict(value)) throw wrong('each is a name or a mapping', node.span)
  return Object.fromEntries([...value].filter(([, item]) => item !== null && typeof item !== 'object').map(([key, item]) => [String(key), String(item)]))
}

function roleOf(node: YamlNode, file: string): readonly RoleRequirement[] {
  const { '': line, include, src, name, version, scm, role } = textsOf(node)
  if (include !== undefined) return readRequirements(resolve(dirname(file), include)).roles
  if (line !== undefined) return [typedRole(line, dirname(file), node.span)]
  const source = src ?? role ?? name
  if (source === undefined) throw wrong('a role needs `src` or `name`', node.span)
  return [roleFrom(source, { name, version, scm, base: dirname(file), span: node.span })]
}

/** A dependency in a role's meta: only what says where it comes from can be installed. */
export function roleOfMeta(node: YamlNode, file: string): readonly RoleRequirement[] {
  const { '': line, src, role, name } = textsOf(node)
  const source = line ?? src ?? role ?? name ?? ''
  return src === undefined && !/^[\w-]+\.[\w.-]+(?:,|$)|[:/]/.test(source) ? [] : roleOf(node, file)
}

/** `SOURCE[,VERSION[,NAME]]`, as on the command line. */
export function typedRole(text: string, base: string, span?: Span): RoleRequirement {
  const [source = '', version, name] = text.split(',').map((part) => part.trim())
  return roleFrom(source, { name, version, base, ...(span ? { span } : {}) })
}

interface RoleParts { readonly name?: string | undefined; readonly version?: string | undefined; readonly scm?: string | undefined; readonly base: string; readonly span?: Span }
function roleFrom(given: string, { name, version, scm, base, span }: RoleParts): RoleRequirement {
  if ((scm !== undefined && scm !== 'git') || given.startsWith('hg+')) throw new Problem({ code: 'bad-requirements', summary: 'Roles come from Galaxy, from git, from archives and from directories', detail: scm ?? given, ...(span ? { span } : {}) })
  const source = given.replace(/^git\+/, '')
  const kind = scm === 'git' || source !== given || isRepository(source) ? 'git' : kindOfPath(source, base)
  if (kind === 'galaxy' && !/^[\w-]+\.[\w.-]+$/.test(source)) throw new Problem({ code: 'bad-requirements', summary: 'This is no name of a role, no repository and no file', detail: `'${given}'`, hint: 'namespace.role, git+https://…, an archive or a directory', ...(span ? { span } : {}) })
  return { kind, source: kind === 'galaxy' || /^[\w+.-]+:/.test(source) || kind === 'git' ? source : resolve(base, source), name: name ?? nameOf(source, kind), version: version || undefined, ...(span ? { span } : {}) }
}

const isRepository = (source: string): boolean => /^(?:git@|ssh:|git:|file:)|\.git$/.test(source) || (/^https?:\/\/github\.com\//.test(source) && !/\.tar\.\w+$|\.tgz$/.test(source))

function kindOfPath(source: string, base: string): 'tar' | 'directory' | 'galaxy' {
  if (/^https?:/.test(source)) return 'tar'
  const path = resolve(base, source)
  if (!existsSync(path)) return 'galaxy'
  return statSync(path).isDirectory() ? 'directory' : 'tar'
}

/** `https://host/me/ansible-role-x.git` is `ansible-role-x`. */
const nameOf = (source: string, kind: string): string => (kind === 'galaxy' ? source : basename(source.replace(/\/+$/, '')).replace(/\.git$|\.tar(\.\w+)?$|\.tgz$/, ''))

const TYPES: Readonly<Record<string, CollectionRequirement['kind']>> = { galaxy: 'galaxy', git: 'git', url: 'tar', file: 'tar', dir: 'directory' }

function collectionOf(node: YamlNode, file: string): CollectionRequirement {
  const { '': line, name, version, source, type, src } = textsOf(node)
  if (line !== undefined) return typedCollection(line, dirname(file), node.span)
  const from = name ?? src ?? source
  if (from === undefined) throw wrong('a collection needs a `name`', node.span)
  if (type !== undefined && !Object.hasOwn(TYPES, type)) throw new Problem({ code: 'bad-requirements', summary: 'A collection has no such type', detail: type, hint: `one of ${Object.keys(TYPES).join(', ')}`, span: node.span })
  // With a type and a source beside it the name is only what it is called.
  const place = type !== undefined && type !== 'galaxy' && source !== undefined ? source : from
  return collectionFrom(place, { kind: type === undefined ? undefined : TYPES[type], version, server: type === undefined || type === 'galaxy' ? source : undefined, base: dirname(file), span: node.span })
}

/** `namespace.name[:RANGE]`, a repository with `#/path` and `,VERSION`, an archive or a directory, as on the command line. */
export function typedCollection(text: string, base: string, span?: Span): CollectionRequirement {
  const named = /^(\w+\.\w+)(?::(.+))?$/.exec(text)
  if (named && !existsSync(resolve(base, text))) return { kind: 'galaxy', source: named[1]!, version: named[2] ?? '*', server: undefined, path: undefined, ...(span ? { span } : {}) }
  const [, source = '', version] = /^(.*?)(?:,([^,/]+))?$/.exec(text)!
  return collectionFrom(source, { version, base, ...(span ? { span } : {}) })
}

interface CollectionParts { readonly kind?: CollectionRequirement['kind'] | undefined; readonly version?: string | undefined; readonly server?: string | undefined; readonly base: string; readonly span?: Span }
function collectionFrom(given: string, { kind, version, server, base, span }: CollectionParts): CollectionRequirement {
  const [bare = '', path] = given.replace(/^git\+/, '').split('#')
  const which = kind ?? (bare !== given.split('#')[0] || isRepository(bare) ? 'git' : kindOfPath(bare, base))
  if (which === 'galaxy' && !/^\w+\.\w+$/.test(bare)) throw new Problem({ code: 'bad-requirements', summary: 'This is no name of a collection, no repository and no file', detail: `'${given}'`, hint: 'namespace.name, git+https://…, an archive or a directory', ...(span ? { span } : {}) })
  const local = which !== 'galaxy' && !/^[\w+.-]+:|^[\w.-]+@/.test(bare)
  return { kind: which, source: local ? resolve(base, bare) : bare, version: version ?? (which === 'git' ? 'HEAD' : '*'), server, path: path?.split(',')[0]?.replace(/^\/+/, '') || undefined, ...(span ? { span } : {}) }
}
