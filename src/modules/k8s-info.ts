import { type Waiting, awaitFound, conditionIn, waitParams } from '../contract/await-objects.ts'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { type Answer, NEEDS_KUBECTL, type Question, REFUSED_ACCESS, askKubectl, complaintIn, kubectlParams, typeName } from '../contract/kubectl.ts'
import { anyKey, plannedKey, plannedObject } from '../contract/planned-objects.ts'
import type { Reader } from '../host/reader.ts'
import { act } from '../host/step.ts'
import { type JsonObject, isObject } from '../kubernetes/field-set.ts'
import { parsePrinted, secretsIn } from '../kubernetes/object.ts'
import { readinessOf } from '../kubernetes/readiness.ts'
import { type Params, list, text } from '../schema/field.ts'
import { type Aside, aside } from '../value/aside.ts'
import { fromJson } from '../value/json.ts'
import { type Unknown, type Value, unknown } from '../value/value.ts'

const params = {
  ...kubectlParams,
  kind: text('The kind of the objects.', { required: true }),
  api_version: text('The version of the kind.', { default: 'v1', aliases: ['api', 'version'] }),
  name: text('The one object of that name.'),
  namespace: text('Their namespace; without it those of all.'),
  label_selectors: list(text('A selector, as in `app=web` or `tier in (dev, test)`.'), 'Selectors that their labels must fit.', { default: [] }),
  field_selectors: list(text('A selector, as in `status.phase=Running`.'), 'Selectors that their fields must fit.', { default: [] }),
  ...waitParams,
} as const
type InfoParams = Params<typeof params>

interface State {
  readonly seen: Aside<{ readonly found: readonly JsonObject[] | Unknown; readonly isKnown: boolean; readonly environment: Readonly<Record<string, string>>; readonly secret: ((text: string) => void) | undefined }>
}

export const k8sInfo = defineModule({
  name: 'k8s_info',
  summary: 'Tell what objects a Kubernetes cluster has.',
  notes: [NEEDS_KUBECTL, 'Values of Secrets are registered, and shown nowhere. In a dry run the answer is unknown once an earlier task plans objects of the kind, and where it would be waited for.'],
  examples: `
- name: All pods of the application that run
  k8s_info: { kind: Pod, namespace: shop, label_selectors: [app=web], field_selectors: [status.phase=Running] }
  register: pods
- name: A Service, as soon as it has been made
  k8s_info: { kind: Service, name: web, namespace: shop, wait: true, wait_timeout: 60 }
  register: service
- name: How many there are
  debug: { msg: "{{ pods.resources | length }} pods behind {{ service.resources[0].spec.clusterIP | default('nothing') }}" }
`,
  params,
  refused: { ...REFUSED_ACCESS, hidden_fields: 'results have no managedFields; take from the others what you need' },
  eager: false,
  async probe(host, given, { environment, secret }): Promise<State> {
    const plan = await plannedFor(host, given)
    const { found, isKnown } = plan ? { found: plan, isKnown: true } : await lookFor(host, given, environment)
    if (Array.isArray(found)) for (const text of (found as readonly JsonObject[]).flatMap(secretsIn)) secret?.(text)
    return { seen: aside({ found, isKnown, environment, secret }) }
  },
  plan: (_given, before) => before,
  *chores({ params: given, before }) {
    const { found, environment, secret } = before.seen.value
    const waiting: Waiting = { access: given, environment, timeout: given.wait_timeout, sleep: given.wait_sleep, condition: conditionIn(given.wait_condition) }
    if (awaits(given, found)) yield act(`wait until ${given.kind}${given.name === undefined ? '' : ` ${given.name}`} is ready`, async (host) => {
      const objects = await awaitFound(host, `${given.kind}${given.name === undefined ? '' : ` ${given.name}`}`, questionOf(given), waiting)
      for (const text of objects.flatMap(secretsIn)) secret?.(text)
      return objects
    })
  },
  result({ before, replies, params: given }) {
    const { found, isKnown } = before.seen.value
    const waited = replies[0]?.value as readonly JsonObject[] | undefined
    // Without an answer to the waiting this is a dry run: a real one would go on with what comes, or fail.
    const resources = waited ?? (Array.isArray(found) && awaits(given, found) ? unknown(`${given.kind}${given.name === undefined ? '' : ` ${given.name}`} would be waited for`) : found)
    if (!Array.isArray(resources)) return { outputs: { resources: resources as Unknown, api_found: true } }
    return { outputs: { resources: (resources as readonly JsonObject[]).map(withoutManagers), api_found: isKnown || waited !== undefined, ...(isKnown || waited ? {} : { msg: `Failed to find API for resource with apiVersion "${given.api_version}" and kind "${given.kind}"` }) } }
  },
})

/** Something is still to come of what is waited for. */
function awaits({ wait, wait_condition }: InfoParams, found: readonly JsonObject[] | Unknown): boolean {
  const condition = conditionIn(wait_condition)
  return wait && !(Array.isArray(found) && found.length > 0 && (found as readonly JsonObject[]).every((one) => readinessOf(one, condition).state === 'ready'))
}

function withoutManagers({ metadata, ...object }: JsonObject): Value {
  const { managedFields: _, ...rest } = isObject(metadata) ? metadata : {}
  return fromJson({ ...object, metadata: rest })
}

function questionOf({ kind, api_version, name, namespace, label_selectors, field_selectors }: InfoParams): Question {
  const where = namespace !== undefined ? [`--namespace=${namespace}`] : name === undefined ? ['--all-namespaces'] : []
  const selectors = [['selector', label_selectors], ['field-selector', field_selectors]] as const
  // A name goes with no selector: it is a selector of its own then.
  const named = name === undefined ? [] : label_selectors.length + field_selectors.length > 0 ? [] : [name]
  const fields = name !== undefined && named.length === 0 ? [...field_selectors, `metadata.name=${name}`] : field_selectors
  return { args: ['get', typeName(api_version, kind), ...named, '-o', 'json', '--ignore-not-found', ...where, ...selectors.flatMap(([flag, given]) => (flag === 'field-selector' ? (fields.length > 0 ? [`--field-selector=${fields.join(',')}`] : []) : given.length > 0 ? [`--selector=${given.join(',')}`] : []))] }
}

async function lookFor(host: Reader, given: InfoParams, environment: Readonly<Record<string, string>>): Promise<{ readonly found: readonly JsonObject[]; readonly isKnown: boolean }> {
  const [answer] = await askKubectl(host, given, [questionOf(given)], { environment }) as readonly [Answer]
  if (answer.code === 0) return { found: parsePrinted(answer.stdout), isKnown: true }
  if (/the server doesn't have a resource type/.test(answer.stderr)) return { found: [], isKnown: false }
  return fail(complaintIn(answer.stderr))
}

/** An earlier task of a dry run plans what is asked for. */
async function plannedFor(host: Reader, { kubeconfig, context, kind, name, namespace }: InfoParams): Promise<Unknown | undefined> {
  const key = name === undefined ? anyKey({ kubeconfig, context }, kind) : plannedKey({ kubeconfig, context }, { kind, name, namespace })
  return (await host.get(plannedObject, key)) === undefined ? undefined : unknown(`an earlier task plans ${name === undefined ? `objects of the kind ${kind}` : `${kind} ${name}`}`)
}
