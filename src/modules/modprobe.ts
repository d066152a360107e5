import { askProgram } from '../contract/ask-program.ts'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { contentResource, followedResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { type Resource, leaves } from '../host/resource.ts'
import { type Step, mkdir, run, write } from '../host/step.ts'
import { choice, text } from '../schema/field.ts'
import { commandLine, quote } from '../shell/quote.ts'
import { bytesContent } from '../value/content.ts'
import { type Unknown, isUnknown, unknown } from '../value/value.ts'

/** Whether the kernel has a module, loaded or built in. Key: its name, with underscores. */
const moduleResource: Resource<boolean> = {
  kind: 'kernel-module',
  async load(shell, keys) {
    const script = `k=$(uname -r); for m in ${keys.map(quote).join(' ')}; do if grep -q "^$m " /proc/modules 2>/dev/null || [ -d "/sys/module/$m" ] || grep -qs "/$(printf %s "$m" | sed 's/_/[-_]/g')\\.ko" "/lib/modules/$k/modules.builtin"; then echo y; else echo n; fi; done`
    const answers = (await shell.run(script)).stdout.toString().split('\n')
    return keys.map((_, i) => answers[i] === 'y')
  },
}

interface KernelModule {
  readonly loaded: boolean | Unknown
  /** Texts of the files that name the module, by path; '' for one that is to be or is not there. */
  readonly files: Readonly<Record<string, string>>
}

const LOAD = '/etc/modules-load.d'
const OPTIONS = '/etc/modprobe.d'

export const modprobe = defineModule({
  name: 'modprobe',
  summary: 'Load a module into the kernel, or take it out; now and at each start.',
  notes: ['Needs modprobe (package kmod) on the host. Options of a module that is loaded are not compared.'],
  examples: `
- name: The bridge's traffic can be filtered, now and after the next start
  modprobe: { name: br_netfilter, persistent: present }
- name: With an option
  modprobe: { name: bonding, params: mode=active-backup, state: present }
- name: It is not loaded
  modprobe: { name: pcspkr, state: absent }
`,
  params: {
    name: text('The module.', { required: true }),
    state: choice(['present', 'absent'], 'Whether the kernel has it.', { default: 'present' }),
    params: text('Options for it.', { default: '' }),
    persistent: choice(['disabled', 'absent', 'present'], 'Whether it is loaded when the host starts; disabled leaves that alone.', { default: 'disabled' }),
  },
  async probe(host, { name, params, state, persistent }): Promise<KernelModule> {
    const [loaded, files] = await Promise.all([host.get(moduleResource, name.replaceAll('-', '_')), persistent === 'disabled' ? {} : readFiles(host, name)])
    if (state === 'present' && loaded === false) await refuseMissing(host, name, wordsOf(params))
    return { loaded, files }
  },
  plan({ name, state, params, persistent }, before) {
    const loaded = state === 'present'
    if (persistent === 'disabled') return { ...before, loaded }
    return { ...before, loaded, files: plannedFiles(before.files, name, params, persistent === 'present') }
  },
  *apply({ params: { name, params }, before, after }): Iterable<Step> {
    if (after.loaded !== before.loaded) {
      yield run(after.loaded ? ['modprobe', name, ...wordsOf(params)] : ['modprobe', '-r', name], [leaves(moduleResource, name.replaceAll('-', '_'), after.loaded)])
    }
    for (const directory of [LOAD, OPTIONS]) {
      const mine = Object.entries(after.files).filter(([path, text]) => path.startsWith(`${directory}/`) && text !== before.files[path])
      if (mine.length > 0 && before.files[directory] === 'absent') yield mkdir(directory, { mode: 0o755 })
      for (const [path, text] of mine) yield write(path, bytesContent(text), before.files[path] === undefined ? { mode: 0o644 } : {})
    }
  },
  diff: ({ params: { name }, before, after }) => [
    ...(before.loaded === after.loaded ? [] : [{ header: { before: name, after: name }, before: before.loaded === true ? 'loaded\n' : '', after: after.loaded === true ? 'loaded\n' : '' }]),
    ...Object.entries(after.files).filter(([path, text]) => text !== before.files[path]).map(([path, text]) => ({ header: { before: path, after: path }, before: before.files[path] ?? '', after: text })),
  ],
  result: ({ params: { name, params, state } }) => ({ outputs: { name, params, state } }),
})

const wordsOf = (params: string): readonly string[] => params.trim().split(/\s+/).filter(Boolean)

/** modprobe's own dry run says whether the kernel has such a module; one that a planned package may bring is left to the run. */
async function refuseMissing(host: Reader, name: string, words: readonly string[]): Promise<void> {
  const reply = await askProgram(host, { modprobe: 'kmod' }, commandLine(['modprobe', '--dry-run', name, ...words]), 'anything')
  if (isUnknown(reply) || reply.code === 0) return
  if (host.planned && host.changing) throw unknown(`the kernel has no module ${name} yet; ${host.changing} may bring it`)
  fail(reply.stderr.toString().trim() || `modprobe cannot load ${name}`, { name, params: words.join(' '), state: 'present', rc: reply.code })
}

/** Every file of the two directories, with the one that would be made, and whether the directories are there. */
async function readFiles(host: Reader, name: string): Promise<Readonly<Record<string, string>>> {
  const listed = known(await host.run(`for f in ${LOAD}/*.conf ${OPTIONS}/*.conf; do [ ! -f "$f" ] || printf '%s\\000' "$f"; done`, []))
  const paths = [...new Set([...listed.stdout.toString().split('\0').filter(Boolean), `${LOAD}/${name}.conf`, `${OPTIONS}/${name}.conf`])].sort()
  const files = await Promise.all(paths.map(async (path) => [path, known(await host.get(contentResource, path))?.toString()] as const))
  const directories = await Promise.all([LOAD, OPTIONS].map(async (path) => [path, known(await host.get(followedResource, path)).kind === 'absent' ? 'absent' : undefined] as const))
  return Object.fromEntries([...directories, ...files].flatMap(([path, text]) => (text === undefined ? [] : [[path, text] as const])))
}

const same = (one: string, other: string): boolean => one.replaceAll('-', '_') === other.replaceAll('-', '_')

function plannedFiles(files: Readonly<Record<string, string>>, name: string, params: string, wanted: boolean): Readonly<Record<string, string>> {
  const loads = (line: string) => same(line.trim(), name)
  const sets = (line: string) => same(/^\s*options\s+(\S+)/.exec(line)?.[1] ?? '', name)
  const edited = Object.fromEntries(Object.entries(files).map(([path, text]) => {
    if (text === 'absent' && (path === LOAD || path === OPTIONS)) return [path, text]
    const mine = path.startsWith(LOAD) ? loads : sets
    // What is no longer wanted stays as a comment, as Ansible leaves it.
    return [path, text.split('\n').map((line) => (mine(line) && (!wanted || (path.startsWith(OPTIONS) && !isOption(line, name, params))) ? `#${line}` : line)).join('\n')]
  }))
  if (!wanted) return edited
  const has = (directory: string, find: (line: string) => boolean) => Object.entries(edited).some(([path, text]) => path.startsWith(`${directory}/`) && text.split('\n').some(find))
  return {
    ...edited, ...(has(LOAD, loads) ? {} : { [`${LOAD}/${name}.conf`]: `${name}\n` }),
    ...(params.trim() === '' || has(OPTIONS, sets) ? {} : { [`${OPTIONS}/${name}.conf`]: params.trim().split(/\s+/).map((option) => `options ${name} ${option}\n`).join('') }),
  }
}

const isOption = (line: string, name: string, params: string): boolean => params.trim().split(/\s+/).some((option) => line.replace(/\s+/g, ' ').trim().replaceAll('-', '_') === `options ${name} ${option}`.replaceAll('-', '_'))
