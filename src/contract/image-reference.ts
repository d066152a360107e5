import { fail } from './failure.ts'

const PART = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const TAG = /^\w[\w.-]{0,127}$/

/** The whole name of an image, as Kubernetes and containerd read a short one: `app:1.0` is `docker.io/library/app:1.0`. Without a tag it is `latest`. */
export function imageReference(written: string): string {
  if (written.includes('@')) fail(`name '${written}': the digest comes of what is in the image; name it with a tag`)
  const colon = written.lastIndexOf(':')
  const [path, tag] = colon > written.lastIndexOf('/') ? [written.slice(0, colon), written.slice(colon + 1)] : [written, 'latest']
  const [first = '', ...rest] = path.split('/')
  const registry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : undefined
  const parts = registry === undefined ? [first, ...rest] : rest
  if (!parts.every((part) => PART.test(part)) || !TAG.test(tag)) fail(`name '${written}' is none of an image: REGISTRY/PATH:TAG, the path in small letters`)
  const inside = parts.length === 1 && registry === undefined ? ['library', ...parts] : parts
  return `${registry ?? 'docker.io'}/${inside.join('/')}:${tag}`
}
