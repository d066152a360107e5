import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { type Load, type LoadTarget, measureHttp, percentile } from '../contract/measure-http.ts'
import { act } from '../host/step.ts'
import { type Params, controllerFile, flag, integer, list, number, raw, text } from '../schema/field.ts'
import { bytesOf } from '../value/content.ts'
import { type Dict, type Unknown, type Value, dict, isDict, unknown } from '../value/value.ts'

const params = {
  url: text('The address, with the name that is asked for.', { required: true }),
  addresses: list(text(''), 'Where to connect to instead of where the name leads, in turn: the nodes of a cluster.', { default: [] }),
  method: text('The method, in capitals.', { default: 'GET' }),
  headers: raw('Headers, a dict.'),
  body: text('What is sent each time.'),
  connections: integer('How many clients ask at a time.', { default: 16 }),
  seconds: number('How long is measured.', { default: 20 }),
  warm_up: number('How long is asked before that, without counting.', { default: 2 }),
  timeout: number('Seconds after which a request is given up.', { default: 10 }),
  validate_certs: flag('Check the certificate of the server.', { default: true }),
  ca: controllerFile('files', 'A file on the controller with the authority to trust.'),
} as const
type LoadParams = Params<typeof params>

export const httpLoad = defineModule({
  name: 'http_load',
  summary: 'Measure how many requests a web server answers in a second, and how long each takes.',
  notes: [
    'The controller asks, not the host. Each client waits for an answer before it asks again, on a connection that it keeps; so the rate is that of so many clients, and no queue grows.',
    'Answers: rate (per second), latency_ms (p50, p90, p99, max, mean), requests, statuses and errors by kind. It fails where nothing was answered at all; failed_when says what else is too little.',
    'In a dry run nothing is asked.',
  ],
  examples: `
- name: The page under the load of 32 clients
  http_load: { url: "http://shop.example.com/index.html", connections: 32, seconds: 5 }
  register: load
  failed_when: load.latency_ms.p99 > 2000 or load.errors | length > 0
- name: By a name that leads there only later, at the address of the server
  http_load: { url: "http://shop.example.com/index.html", addresses: [127.0.0.1], seconds: 2 }
`,
  params,
  eager: false,
  probe: (_host, given) => {
    targetOf(given)
    if (given.connections < 1 || given.seconds <= 0) fail('connections and seconds are more than 0')
    return { measured: false as boolean | Unknown }
  },
  plan: () => ({ measured: unknown('it measures what is there when it comes') }),
  apply: ({ params: given }) => [act(`ask ${given.url} for ${given.seconds} s`, async (host) => {
    host.progress(`${given.connections} clients for ${given.warm_up + given.seconds} s`)
    const load = await measureHttp(targetOf(given), { connections: given.connections, seconds: given.seconds, warmUp: given.warm_up, timeout: given.timeout, signal: host.signal })
    if (load.latencies.length === 0) fail(`${given.url} answered nothing in ${given.seconds} s: ${Object.keys(load.errors).join(', ') || 'no request ended'}`)
    return load
  })],
  diff: () => [],
  result({ params: given, after, replies: [reply] }) {
    const about = { url: given.url, connections: given.connections }
    if (!reply) return { outputs: { ...about, rate: after.measured as Unknown, requests: after.measured as Unknown, latency_ms: after.measured as Unknown, statuses: after.measured as Unknown, errors: after.measured as Unknown } }
    return { changed: false, outputs: { ...about, ...outputsOf(reply.value as Load) } }
  },
})

function outputsOf({ seconds, latencies, statuses, errors }: Load): { readonly [name: string]: Value } {
  const of = (percent: number) => rounded(percentile(latencies, percent)!)
  const mean = latencies.reduce((sum, one) => sum + one, 0) / latencies.length
  return { seconds, requests: latencies.length, rate: rounded(latencies.length / seconds), latency_ms: dict({ p50: of(50), p90: of(90), p99: of(99), max: of(100), mean: rounded(mean) }), statuses: dictOf(statuses), errors: dictOf(errors) }
}

const rounded = (value: number): number => Math.round(value * 100) / 100
const dictOf = (counts: Readonly<Record<string, number>>): Dict => new Map(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)))

function targetOf({ url, addresses, method, headers, body, ca, validate_certs }: LoadParams): LoadTarget {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) return fail(`url '${url}' is none, as http://shop.example.com/`)
  if (headers !== undefined && headers !== null && !isDict(headers)) return fail('headers is a dict of texts')
  return { url: parsed, addresses, method: method.toUpperCase(), headers: Object.fromEntries([...((headers as Dict | null | undefined) ?? [])].map(([key, value]) => [String(key), String(value)])), body, ca: ca && bytesOf(ca), verify: validate_certs }
}
