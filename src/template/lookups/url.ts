import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { entryFile } from '../../value/program-files.ts'
import { isDict, type Value } from '../../value/value.ts'
import { toBool } from '../filters/number.ts'
import { expandUser } from '../filters/path.ts'
import { isList, numberOf, truthy } from '../python/kind.ts'
import { str } from '../python/text.ts'
import type { Keywords, LookupContext } from '../scope.ts'
import { fail } from '../template-error.ts'
import { lookup } from './define-lookup.ts'
import type { UrlRequest } from './url-request.ts'

const LIMIT = 256 * 1024 * 1024
const PROGRAM = entryFile('template/lookups/url-request')

/** What an option is called where variables and the environment set it. */
const SETTINGS: Readonly<Record<string, string>> = { http_agent: 'agent', unredirected_headers: 'unredir_headers' }
const SETTABLE = new Set('ca_path ciphers follow_redirects force force_basic_auth http_agent timeout unix_socket unredirected_headers use_gssapi use_netrc'.split(' '))

/** An option as it is given, else as a variable or the environment says. */
function optionOf(options: Keywords, { scope, render }: LookupContext): (name: string) => Value | undefined {
  return (name) => {
    const given = options[name]
    if (given !== undefined && given !== null) return given
    if (!SETTABLE.has(name)) return undefined
    const setting = SETTINGS[name] ?? name
    const variable = scope.get(`ansible_lookup_url_${setting}`)
    return variable === undefined || variable === null ? process.env[`ANSIBLE_LOOKUP_URL_${setting.toUpperCase()}`] : render(variable)
  }
}

/** Name and password that `~/.netrc` has for a machine. */
function fromNetrc(machine: string): string | undefined {
  const file = process.env['NETRC'] ?? join(homedir(), '.netrc')
  const words = existsSync(file) ? readFileSync(file, 'utf8').split(/\s+/) : []
  const start = words.findIndex((word, at) => word === 'default' || (word === 'machine' && words[at + 1] === machine))
  if (start < 0) return undefined
  const entry = words.slice(start + (words[start] === 'default' ? 1 : 2))
  const end = entry.findIndex((word) => word === 'machine' || word === 'default')
  const own = end < 0 ? entry : entry.slice(0, end)
  const after = (key: string): string => (own.includes(key) ? own[own.indexOf(key) + 1] ?? '' : '')
  return `${after('login')}:${after('password')}`
}

function requestOf(url: string, option: (name: string) => Value | undefined): UrlRequest {
  const text = (name: string): string | undefined => (option(name) === undefined ? undefined : str(option(name)!))
  const flag = (name: string, fallback: boolean): boolean => (option(name) === undefined ? fallback : truthy(toBool(option(name)!)))
  const headers: Record<string, string> = { 'user-agent': text('http_agent') ?? 'ansible-httpget', ...(flag('force', false) ? { 'cache-control': 'no-cache' } : {}) }
  const given = option('headers')
  if (isDict(given)) for (const [name, value] of given) headers[str(name).toLowerCase()] = str(value)
  const named = text('username') === undefined && text('password') === undefined ? undefined : `${text('username') ?? ''}:${text('password') ?? ''}`
  const login = named ?? (flag('use_netrc', true) ? fromNetrc(URL.parse(url)?.hostname ?? '') : undefined)
  if (login !== undefined) headers['authorization'] = `Basic ${Buffer.from(login).toString('base64')}`
  const unredirected = option('unredirected_headers')
  const [caFile, ciphers, socketPath] = [text('ca_path'), option('ciphers'), text('unix_socket')]
  return {
    url, headers, timeout: numberOf(Number(text('timeout') ?? 10)) * 1000, follow: !['none', 'no'].includes(text('follow_redirects') ?? 'urllib2'), verify: flag('validate_certs', true),
    unredirected: isList(unredirected) ? unredirected.map((name) => str(name).toLowerCase()) : [],
    ...(caFile === undefined ? {} : { caFile: expandUser(caFile) }), ...(ciphers === undefined ? {} : { ciphers: isList(ciphers) ? ciphers.map(str).join(':') : str(ciphers) }), ...(socketPath === undefined ? {} : { socketPath }),
  }
}

function fetchUrl(url: string, options: Keywords, context: LookupContext): string {
  const option = optionOf(options, context)
  if (option('use_gssapi') !== undefined && truthy(toBool(option('use_gssapi')!))) return fail("the lookup 'url': 'use_gssapi' is not supported")
  if (!/^https?:\/\//i.test(url)) return fail(`Failed lookup url for ${url}: only http and https are supported`)
  const proxied = options['use_proxy'] === undefined || truthy(toBool(options['use_proxy']))
  const env = { ...process.env, NODE_NO_WARNINGS: '1', NODE_USE_ENV_PROXY: proxied ? '1' : '0' }
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM], { input: JSON.stringify(requestOf(url, option)), env, encoding: 'utf8', maxBuffer: LIMIT })
  return status === 0 ? stdout : fail(stderr.trim() || `Failed lookup url for ${url}: the request failed`)
}
const lines = (text: string): string[] => text.replace(/\n$/, '').split('\n')
const OPTIONS = `split_lines headers username password force force_basic_auth validate_certs timeout http_agent follow_redirects ca_path ciphers
  unix_socket unredirected_headers use_gssapi use_netrc use_proxy`.split(/\s+/).join(' ')

export const urlLookups = [
  lookup('url', OPTIONS, (terms, options, context) => terms.flatMap((term) => {
    const text = fetchUrl(str(term), options, context)
    return options['split_lines'] === undefined || truthy(toBool(options['split_lines'])) ? lines(text) : [text]
  })),
]
