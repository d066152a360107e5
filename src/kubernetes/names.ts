/** The rules of Kubernetes for names and labels, each with its words for people. Source: its documentation, "Object Names and IDs", "Labels and Selectors". */

const LABEL = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?'
const LABEL_RULE = new RegExp(`^${LABEL}$`)
const SUBDOMAIN_RULE = new RegExp(`^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$`)
const LABEL_NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/

export const LABEL_WORDS = 'small letters, digits and -, at most 63, beginning and ending with a letter or digit'
export const SUBDOMAIN_WORDS = 'small letters, digits, - and ., at most 253, beginning and ending with a letter or digit'
export const LABEL_VALUE_WORDS = 'letters, digits, -, _ and ., at most 63, beginning and ending with a letter or digit'

/** One part of a DNS name: namespaces, Services, containers. */
export const isLabel = (name: string): boolean => LABEL_RULE.test(name)
/** A DNS name: most objects. */
export const isSubdomain = (name: string): boolean => SUBDOMAIN_RULE.test(name)
/** A key of labels and annotations: `app`, `example.org/app`. */
export function isQualified(key: string): boolean {
  const [name, prefix, ...rest] = key.split('/').reverse()
  return rest.length === 0 && LABEL_NAME.test(name!) && (prefix === undefined || isSubdomain(prefix))
}
export const isLabelValue = (value: string): boolean => value === '' || LABEL_NAME.test(value)

/** Names of RBAC objects hold anything that a path can. */
export const isPathSegment = (name: string): boolean => name !== '' && name !== '.' && name !== '..' && !/[/%]/.test(name)

/** Keys of ConfigMaps and Secrets. */
export const isDataKey = (key: string): boolean => /^[-._a-zA-Z0-9]{1,253}$/.test(key) && !/^\.\.?$|^\.\./.test(key)

/** `250m`, `1.5`, `64Mi`, `1e3`: the plain number, or undefined. */
export function parseQuantity(text: string): number | undefined {
  const match = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+))(m|u|n|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+)?$/.exec(text)
  if (!match) return undefined
  const [, number, unit = ''] = match
  return Number(number) * (UNITS[unit] ?? Number(`1${unit}`))
}
const UNITS: Readonly<Record<string, number>> = Object.fromEntries([['', 1], ['n', 1e-9], ['u', 1e-6], ['m', 1e-3], ...['k', 'M', 'G', 'T', 'P', 'E'].map((unit, i) => [unit, 1000 ** (i + 1)] as const), ...['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'].map((unit, i) => [unit, 1024 ** (i + 1)] as const)])
