import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { dispatch } from '../../src/cli/dispatch.ts'
import { controlList } from '../../src/engine/control/controls.ts'
import { modules } from '../../src/modules/registry.ts'
import { HANDLER } from '../../src/playbook/keywords.ts'
import { normaliseAction } from '../../src/playbook/redirects.ts'
import type { Fields } from '../../src/schema/field.ts'
import { defaultEnvironment } from '../../src/template/environment.ts'
import { parseYaml } from '../../src/yaml/parse-nodes.ts'
import { toValue } from '../../src/yaml/yaml-node.ts'
import { filesBelow } from '../corpus/find-playbooks.ts'
import { fakeTerminal } from '../cli/fake-terminal.ts'
import type { Language, Typo } from './inject.ts'

/** One thing that a check said: `code@file:line`, the file relative to the role. */
export interface Told {
  readonly code: string
  readonly severity: 'error' | 'warning'
  readonly file: string
  readonly line: number
  readonly text: string
}

/** A role in a directory of its own, with a playbook that uses it on a remote host that nobody reaches. */
export class CheckedRole {
  readonly directory: string
  readonly role: string
  readonly name: string

  constructor(source: string, extra = '') {
    this.directory = mkdtempSync(join(tmpdir(), 'tutti-typos-'))
    this.name = basename(source)
    this.role = join(this.directory, 'roles', this.name)
    mkdirSync(join(this.directory, 'roles'))
    cpSync(source, this.role, { recursive: true, filter: (path) => !/\/(\.git|molecule|tests?|node_modules|\.github)(\/|$)/.test(path.slice(source.length)) })
    writeFileSync(join(this.directory, 'hosts'), 'h1 ansible_host=192.0.2.1\n')
    writeFileSync(join(this.directory, 'site.yml'), `- hosts: all\n  become: true\n  roles:\n    - role: ${this.name}\n${extra}`)
  }

  /** The files that typos may go to. */
  files(): ReadonlyMap<string, string> {
    const files = filesBelow(this.role).filter((file) => /^(tasks|handlers)\/.*\.ya?ml$|^templates\/.*\.j2$/.test(file))
    return new Map(files.map((file) => [file, readFileSync(join(this.role, file), 'utf8')]))
  }

  async check(): Promise<readonly Told[]> {
    const terminal = fakeTerminal({ env: { HOME: '/nowhere', ANSIBLE_CONFIG: '/dev/null' } })
    await dispatch(['syntax-check', join(this.directory, 'site.yml'), '-i', join(this.directory, 'hosts')], terminal)
    return [...terminal.errors().matchAll(/^(ERROR!|warning:) (.*) \[([a-z-]+)\](?:\n {2}--> (.*):(\d+):\d+)?/gm)].map(([, severity, text, code, file, line]) => ({
      code: code!, severity: severity === 'warning:' ? 'warning' : 'error', text: text!, file: file?.startsWith(`${this.role}/`) ? file.slice(this.role.length + 1) : (file ?? ''), line: Number(line ?? 0),
    }))
  }

  /** What a typo makes the check say that it does not say of the role as it is. */
  async withTypo(typo: Typo, before: readonly Told[]): Promise<readonly Told[]> {
    const path = join(this.role, typo.file)
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, typo.text)
    const known = new Set(before.map(identity))
    const told = (await this.check()).filter((one) => !known.has(identity(one)))
    writeFileSync(path, text)
    return told
  }

  remove(): void {
    rmSync(this.directory, { recursive: true })
  }
}

const identity = ({ code, file, line, text }: Told): string => `${code}@${file}:${line} ${text}`

/** A slip in the indentation is one between two lines: either may be told. All others must be told where they are. */
export function isFound({ kind, file, line }: Typo, told: readonly Told[]): boolean {
  const reach = kind === 'indentation' ? 1 : 0
  return told.some((one) => one.file === file && Math.abs(one.line - line) <= reach)
}


/** The language as tutti knows it: what Ansible's documentation lists. */
export async function ownLanguage(): Promise<Language> {
  const fields = new Map<string, Fields>(controlList.map(({ name, params }) => [name, params]))
  for (const [name, load] of modules) fields.set(name, (await load()).params as Fields)
  return {
    keywords: new Set(Object.keys(HANDLER)), filters: new Set(defaultEnvironment.filters.keys()), tests: new Set(defaultEnvironment.tests.keys()),
    module: (name) => paramsOf(fields.get(normaliseAction(name))),
    same: (before, after) => JSON.stringify(parsed(before)) === JSON.stringify(parsed(after)),
  }
}

const paramsOf = (fields: Fields | undefined): ReadonlyMap<string, readonly string[]> | undefined =>
  fields && new Map(Object.entries(fields).flatMap(([name, { aliases, choices = [] }]) => [name, ...aliases].map((key) => [key, choices] as const)))

/** Dicts as lists of pairs, for JSON to show them. */
const plain = (value: unknown): unknown => (value instanceof Map ? [...value].map((pair) => pair.map(plain)) : Array.isArray(value) ? value.map(plain) : typeof value === 'bigint' ? String(value) : value)

function parsed(text: string): unknown {
  try {
    return plain(toValue(parseYaml(text, { file: 'text', templates: false })))
  } catch (error) {
    return String(error)
  }
}
