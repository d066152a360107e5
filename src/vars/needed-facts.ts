import { FAMILIES, type Family } from '../host/facts/families.ts'
import { connectionNames, magicNames } from './magic.ts'

/** Families by what the names of their facts begin with, where `FAMILIES` does not list them all. */
const BY_BEGINNING: readonly (readonly [RegExp, Family])[] = [
  [/^(distribution_|os_family$)/, 'distribution'], [/^(product_|bios_|board_|chassis_|system_vendor$|form_factor$|processor|mem|swap|device|lvm$|mounts$|uptime)/, 'hardware'],
  [/^(default_ipv|all_ipv|interfaces$|locally_reachable|(eth|en[opsx]|lo$|wl|ww|br|docker|bond|team|vlan|veth|virbr|tun|tap|wg|dummy|ib)\d*)/, 'network'], [/^virtualization_/, 'virtual'],
  [/^ssh_host_key_/, 'ssh_pub_keys'], [/^system_capabilities/, 'caps'], [/^(user_|real_|effective_)/, 'user'], [/^(userspace_|kernel|machine|system$|nodename$|hostname$|fqdn$|domain$|architecture$)/, 'platform'], [/^(proc_)?cmdline$/, 'cmdline'],
  [/^python/, 'python'], [/^selinux/, 'selinux'], [/^facter/, 'facter'], [/^ohai/, 'ohai'],
]

/** Cheap, and what nearly every play asks for in the end. */
const ALWAYS: readonly Family[] = ['distribution', 'platform', 'pkg_mgr', 'service_mgr']

/** What is under this prefix and no fact. */
const SETTINGS = /^(become|ssh|sftp|scp|connection|host_key|host$|port$|user$|pass|private_key|shell|remote|python_interpreter$|\w+_interpreter$|winrm|psrp|httpapi|network_os|netconf|persistent|pipelining|timeout|async|job_id|no_log|check_mode|diff_mode|verbosity|version|forks|inventory_sources|playbook_python|run_tags|skip_tags|limit|config_file|managed|loop|index_var|search_path|failed|play|role|dependent|parent|delegated|collections?|managed|builtin|galaxy|cfg|core|lint|test|vault|diff|result|env_vars$)/
const NO_FACTS: ReadonlySet<string> = new Set([...connectionNames, ...magicNames].flatMap((name) => (/^ansible_(?!date_time|local)/.exec(name) ? [name.slice(8)] : [])))

/** What tasks leave there themselves, or every gathering brings. */
const BROUGHT = /^(packages|services|module_setup|gather_subset|facts_modules|mount_points|getent_\w*)$/

/** The families with a fact, by its name without `ansible_`; undefined where it could be any. */
export function familyOf(fact: string): Family | 'none' | undefined {
  if (BROUGHT.test(fact)) return 'none'
  const listed = (Object.keys(FAMILIES) as Family[]).find((family) => (FAMILIES[family] as readonly string[]).includes(fact))
  return listed ?? BY_BEGINNING.find(([pattern]) => pattern.test(fact))?.[1]
}

/**
 * The families of facts that some texts can ask for; undefined where that may be all. Reads the texts as words, not as a language: a name
 * must stand somewhere to be used, and what puts names together or takes the facts as a whole is seen by what stands around it.
 */
export function neededFacts(texts: Iterable<string>): ReadonlySet<Family> | undefined {
  const needed = new Set<Family>(ALWAYS)
  for (const text of texts) {
    for (const name of factsIn(text)) {
      const family = name === undefined ? undefined : familyOf(name)
      if (family === undefined) return undefined
      if (family !== 'none') needed.add(family)
    }
    if (takesHostsWhole(text)) return undefined
  }
  return needed
}

const MEMBER = /\s*(?:\.\s*([A-Za-z_]\w*)(?!\w*\s*\()|\[\s*(['"])(\w+)\2\s*\]|\.get\(\s*(['"])(\w+)\4)/y

/** Names of facts in a text, without the prefix; undefined for a use that may mean any. */
function* factsIn(text: string): Generator<string | undefined> {
  for (const match of text.matchAll(/(?<![\w.])ansible_(\w*)/g)) {
    const name = match[1]!
    if (name === 'facts') yield memberAt(text, match.index + match[0].length)
    else if (!NO_FACTS.has(name) && (familyOf(name) !== undefined || !SETTINGS.test(name))) yield familyOf(name) === undefined ? undefined : name
  }
}

function memberAt(text: string, at: number): string | undefined {
  MEMBER.lastIndex = at
  const found = MEMBER.exec(text)
  return found?.[1] ?? found?.[3] ?? found?.[5]
}

/** Methods of a dict, which may give any of its members. */
const METHODS = new Set(['keys', 'items', 'values', 'get', 'copy'])

/** `hostvars[host]` without a plain member behind it, or `hostvars` itself: its facts may be anything. A list of names behind `extract` is plain. */
function takesHostsWhole(text: string): boolean {
  for (const { index } of text.matchAll(/(?<![\w.])hostvars\b/g)) {
    const rest = text.slice(index + 8)
    if (/^\s*,\s*[['"]/.test(rest)) continue
    const end = /^\s*\[/.test(rest) ? afterBrackets(rest) : /^\s*\.\s*\w+/.exec(rest)?.[0].length
    const member = end === undefined ? undefined : memberAt(rest, end)
    if (member === undefined || METHODS.has(member)) return true
  }
  return false
}

/** Where the first pair of square brackets ends; quotes may hold others. */
function afterBrackets(text: string): number | undefined {
  let depth = 0
  let quote = ''
  for (let i = text.indexOf('['); i < text.length; i++) {
    const sign = text[i]!
    if (quote) quote = sign === quote ? '' : quote
    else if (sign === '"' || sign === "'") quote = sign
    else if (sign === '[') depth++
    else if (sign === ']' && --depth === 0) return i + 1
  }
  return undefined
}
