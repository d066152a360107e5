import type { Value } from '../../value/value.ts'
import { filter } from '../define.ts'
import { str } from '../python/text.ts'
import { fail } from '../template-error.ts'
import { orElse } from '../undefined.ts'

const URL_PARTS = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(\/\/([^/?#]*))?([^?#]*)(\?([^#]*))?(#([^]*))?$/

/** The parts of a URL as Python's `urlsplit` names them; nothing is decoded or normalised but the host's case. */
export function urlParts(text: string): Map<string, Value> {
  const [, scheme = '', , netloc = '', path = '', , query = '', , fragment = ''] = URL_PARTS.exec(text) ?? []
  const { user, password, host } = splitAuthority(netloc)
  const [, name, port] = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(host) ?? []
  return new Map<string, Value>([
    ['fragment', fragment], ['hostname', name ? name.replace(/^\[|\]$/g, '').toLowerCase() : null], ['netloc', netloc], ['password', password ?? null],
    ['path', path], ['port', port ? Number(port) : null], ['query', query], ['scheme', scheme.toLowerCase()], ['username', user ?? null],
  ])
}
function splitAuthority(netloc: string): { user?: string | undefined; password?: string | undefined; host: string } {
  const at = netloc.lastIndexOf('@')
  const host = netloc.slice(at + 1)
  if (at < 0) return { host }
  const [user, ...password] = netloc.slice(0, at).split(':')
  return { user, password: password.length ? password.join(':') : undefined, host }
}

export const urlFilters = [
  filter('urlsplit', 'query?', (value, [part]) => {
    const parts = urlParts(str(value))
    if (part === undefined || part === '') return parts
    return orElse(parts.get(str(part)), () => fail(`unknown URL component: ${str(part)}`))
  }),
]
