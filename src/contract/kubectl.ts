import type { Acting } from '../host/act.ts'
import type { Reader } from '../host/reader.ts'
import { type JsonObject } from '../kubernetes/field-set.ts'
import { parsePrinted } from '../kubernetes/object.ts'
import { path, text } from '../schema/field.ts'
import { commandLine, quote } from '../shell/quote.ts'
import { isUnknown, unknown } from '../value/value.ts'
import { Failure, fail } from './failure.ts'

/** How modules for Kubernetes reach a cluster: parameters that all of them have. */
export const kubectlParams = {
  kubeconfig: path('The configuration of kubectl, on the host. Without it $KUBECONFIG, then that of k3s where it is there, then the user\'s own.'),
  context: text('The context in it.'),
} as const

/** Parameters of Ansible's modules that a kubeconfig says here, each with what to do instead. */
export const REFUSED_ACCESS: Readonly<Record<string, string>> = Object.fromEntries([
  ...['host', 'api_key', 'username', 'password', 'ca_cert', 'ssl_ca_cert', 'client_cert', 'cert_file', 'client_key', 'key_file', 'validate_certs', 'verify_ssl', 'persist_config'].map((name) => [name, 'kubectl on the host logs in with what a kubeconfig says: name one with kubeconfig, and a context']),
  ...['proxy', 'no_proxy', 'proxy_headers'].map((name) => [name, 'set HTTPS_PROXY and NO_PROXY in the environment of the task, or proxy-url in the kubeconfig']),
  ...['impersonate_user', 'impersonate_groups'].map((name) => [name, 'give the user of the kubeconfig `as` and `as-groups`']),
])

export const NEEDS_KUBECTL = 'Needs kubectl on the host, or k3s, which has it inside; no port of the API need be open to the controller. Manifests reach it through its standard input alone.'

export const K3S_CONFIG = '/etc/rancher/k3s/k3s.yaml'

export interface Access {
  readonly kubeconfig: string | undefined
  readonly context: string | undefined
}

/** Defines `k`, which is kubectl wherever it is. It keeps nothing on the host: no cache of what the API has, which may be another one a moment later. */
export function kubectlScript({ kubeconfig, context }: Access, environment: Readonly<Record<string, string>> = {}): string {
  const flags = commandLine(['--cache-dir=/dev/null/none', ...(context === undefined ? [] : [`--context=${context}`])])
  const config = kubeconfig === undefined ? `[ -n "$KUBECONFIG" ] || { [ -e ${K3S_CONFIG} ] && export KUBECONFIG=${K3S_CONFIG}; }` : `export KUBECONFIG=${quote(kubeconfig)}`
  return [
    ...Object.entries(environment).map(([name, value]) => `export ${name}=${quote(value)}`), 'export LC_ALL=C PATH="$PATH:/usr/local/bin:/usr/local/sbin:/usr/sbin:/sbin"',
    `if command -v kubectl >/dev/null 2>&1; then k() { kubectl ${flags} "$@"; }; elif command -v k3s >/dev/null 2>&1; then k() { k3s kubectl ${flags} "$@"; }; else exit 97; fi`, config,
  ].join('\n')
}

/** One command of several in a script: its words, and what it reads. */
export interface Question {
  readonly args: readonly string[]
  readonly input?: string
}

export interface Answer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A script that asks one thing after the other. What is read stands in the script, and in no argument list: printf is the shell's own. */
export function questionsScript(questions: readonly Question[]): string {
  return questions.map(({ args, input }) => `${input === undefined ? '' : `printf %s ${quote(input)} | `}k ${commandLine(args)}${input === undefined ? ' </dev/null' : ''}; printf '\\000%s\\000' $?; printf '\\000' >&2`).join('\n')
}

export function answersIn(stdout: Buffer, stderr: Buffer): readonly Answer[] {
  const [out, err] = [stdout.toString().split('\0'), stderr.toString().split('\0')]
  return Array.from({ length: Math.floor(out.length / 2) }, (_, i) => ({ stdout: out[i * 2]!, code: Number(out[i * 2 + 1]), stderr: (err[i] ?? '').trim() }))
}

const NO_KUBECTL = 'Failed to find required executable "kubectl": neither kubectl nor k3s is on the host'
/** What says that no API answers, not that it says no. */
const DOWN = /was refused|Unable to connect to the server|connection refused|i\/o timeout|no route to host|no such host|TLS handshake timeout|server is currently unable|couldn't get current server API group list|no configuration has been provided|stat [^:]+: no such file|error loading config file|: EOF|etcdserver:|apiserver not ready|ServiceUnavailable|net\/http: request canceled/i

/** A kind with its version, as kubectl takes one that other groups have too: `Deployment.v1.apps`. */
export function typeName(apiVersion: string, kind: string): string {
  const [version, group] = apiVersion.split('/').reverse()
  return `${kind}.${version}.${group ?? ''}`
}

/** Asks kubectl, one request for all. In a dry run where an earlier task may bring the cluster, that it cannot be had is thrown as unknown. */
export async function askKubectl(host: Reader, access: Access, questions: readonly Question[], { environment = {}, timeout = 120 }: { readonly environment?: Readonly<Record<string, string>>; readonly timeout?: number } = {}): Promise<readonly Answer[]> {
  const script = `${kubectlScript(access, environment)}\n${questionsScript(questions)}`
  const reply = await host.run(script, [access.kubeconfig ?? K3S_CONFIG], { timeout, now: true })
  if (isUnknown(reply)) throw unknown(`there is no cluster yet to be asked: ${reply.reason}`)
  const answers = answersIn(reply.stdout, reply.stderr)
  const closed = answers.find(({ code, stderr }) => code !== 0 && /error loading config file[^]*permission denied/.test(stderr))
  if (closed) fail(`this user may not read the kubeconfig: ${firstLine(closed.stderr)}. become: true acts as root`)
  const down = answers.find(({ code, stderr }) => code !== 0 && DOWN.test(stderr))
  const why = reply.code === 97 ? NO_KUBECTL : down ? `Kubernetes does not answer: ${firstLine(down.stderr)}` : answers.length < questions.length ? `kubectl ended early: ${reply.stderr.toString().replaceAll('\0', '').trim()}` : undefined
  if (why === undefined) return answers
  if (host.planned && host.changing !== undefined) throw unknown(`there is no cluster yet to be asked; ${host.changing} may bring it`)
  return fail(why)
}

/** No API answers at the moment: whoever waits for something goes on waiting. */
export class NoAnswer extends Failure {}

/** The same while a step works. Throws `NoAnswer` where no API answers. */
export async function askWhileActing(host: Acting, access: Access, questions: readonly Question[], { environment = {}, timeout = 120 }: { readonly environment?: Readonly<Record<string, string>>; readonly timeout?: number } = {}): Promise<readonly Answer[]> {
  const { code, stdout, stderr } = await host.run(`${kubectlScript(access, environment)}\n${questionsScript(questions)}`, { timeout })
  const answers = answersIn(stdout, stderr)
  const down = answers.find((one) => one.code !== 0 && DOWN.test(one.stderr))
  if (down) throw new NoAnswer(`Kubernetes does not answer: ${firstLine(down.stderr)}`)
  return code === 97 ? fail(NO_KUBECTL) : answers
}

/** What `look` finds; undefined where no API answers, which is told until the time is over. A server that starts anew is no reason to stop waiting. */
export async function whileAnswered<T>(host: Acting, end: number, look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look()
  } catch (thrown) {
    if (!(thrown instanceof NoAnswer) || Date.now() >= end) throw thrown
    host.progress(thrown.message)
    return undefined
  }
}

/** Warnings of the server, which kubectl passes on. */
export const warningsIn = (stderr: string): readonly string[] => stderr.split('\n').flatMap((line) => /^Warning: (.*)/.exec(line)?.[1] ?? [])

/** What kubectl said when it failed, without its advice about itself. */
export const complaintIn = (stderr: string): string => stderr.split('\n').filter((line) => !/^Warning: |^[EWI]\d{4} [\d:.]+ |^ensure CRDs are installed first|^\s*$/.test(line)).map((line) => line.replace(/^error: |^Error from server(?: \(\w+\))?: /, '')).join('; ')

const firstLine = (text: string): string => complaintIn(text).split('; ').at(-1) ?? ''

/** What is of a kind that the cluster does not have, by kubectl's words: one such object, and it says nothing of the others. */
export function strangeIn<T extends { readonly apiVersion: string; readonly kind: string }>(objects: readonly T[], stderr: string): readonly T[] {
  const kinds = new Set([...stderr.matchAll(/no matches for kind "([^"]+)" in version "([^"]+)"/g)].map(([, kind, version]) => `${version} ${kind}`))
  return objects.filter(({ apiVersion, kind }) => kinds.has(`${apiVersion} ${kind}`))
}

/** The objects that an answer prints; a failure is the task's. */
export function objectsIn({ code, stdout, stderr }: Answer): readonly JsonObject[] {
  if (code !== 0) fail(complaintIn(stderr))
  return parsePrinted(stdout)
}
