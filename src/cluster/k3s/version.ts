import { Problem } from '../../problem/problem.ts'

/** A release of k3s: `v1.34.2+k3s1` is Kubernetes 1.34.2, packed for the first time. */
export interface K3sVersion {
  readonly text: string
  /** Major, minor, patch, and the number after `+k3s`. */
  readonly parts: readonly [number, number, number, number]
}

/** Undefined for channels (`stable`), parts of versions (`v1.34`) and other words: nothing that is the same tomorrow. */
export function parseVersion(text: string): K3sVersion | undefined {
  const match = /^v(\d+)\.(\d+)\.(\d+)\+k3s(\d+)$/.exec(text)
  return match ? { text, parts: match.slice(1).map(Number) as unknown as K3sVersion['parts'] } : undefined
}

export function getVersion(text: string): K3sVersion {
  const version = parseVersion(text)
  if (version) return version
  throw new Problem({ code: 'k3s-version-not-pinned', summary: 'A version of k3s has to be pinned', detail: `'${text}' is not the name of one release`, hint: 'set k3s_version to a release such as v1.34.2+k3s1; channels change under one’s feet' })
}

/** Below zero where `a` is older. */
export function compareVersions(a: K3sVersion, b: K3sVersion): number {
  const at = a.parts.findIndex((part, index) => part !== b.parts[index])
  return at < 0 ? 0 : a.parts[at]! - b.parts[at]!
}

/** Why a host must not go from one version to another, or undefined where it may. Kubernetes supports one minor version at a time, and no way back. */
export function whyNoStep(host: string, from: K3sVersion, to: K3sVersion): Problem | undefined {
  if (compareVersions(to, from) < 0)
    return new Problem({ code: 'k3s-downgrade', summary: 'k3s cannot go back to an older version', detail: `${host} has ${from.text}, wanted is ${to.text}`, hint: 'set k3s_version to that version or a newer one; the way back is to restore a snapshot with the old program' })
  const [, fromMinor] = from.parts
  const [major, minor] = to.parts
  if (major === from.parts[0] && minor - fromMinor <= 1) return undefined
  return new Problem({ code: 'k3s-minor-skipped', summary: 'Kubernetes takes one minor version at a time', detail: `${host} has ${from.text}, wanted is ${to.text}`, hint: `go to a release v${from.parts[0]}.${fromMinor + 1}.… first` })
}
