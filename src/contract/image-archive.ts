import { createHash } from 'node:crypto'
import { type TarEntry, tarOf } from './tar-writer.ts'

/** An image of one layer, as OCI's image specification says it. */
export interface Image {
  /** The whole reference, with registry and tag. */
  readonly name: string
  readonly architecture: string
  readonly files: readonly TarEntry[]
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  /** As NAME=VALUE. */
  readonly env: readonly string[]
  readonly user: string
  readonly workingDirectory: string
  readonly labels: Readonly<Record<string, string>>
  /** As 8080/tcp. */
  readonly ports: readonly string[]
}

export interface ImageArchive {
  readonly bytes: Buffer
  /** Of the manifest: what a runtime calls the image's digest, as sha256:HEX. */
  readonly digest: string
  /** Of the configuration: the image's id. */
  readonly id: string
}

const EPOCH = '1970-01-01T00:00:00Z'

/**
 * An OCI image layout in a tar archive, with the `manifest.json` that `docker load` and older readers look for. The same image gives
 * the same bytes, wherever and whenever it is made.
 */
export function imageArchive(image: Image): ImageArchive {
  const layer = tarOf(withDirectories(image.files))
  const config = json(configOf(image, digestOf(layer)))
  const descriptors = { config: descriptor('application/vnd.oci.image.config.v1+json', config), layers: [descriptor('application/vnd.oci.image.layer.v1.tar', layer)] }
  const manifest = json({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', ...descriptors })
  const platform = { architecture: image.architecture, os: 'linux' }
  // The first annotation is containerd's, which takes it as it is; the second is the specification's.
  const annotations = { 'io.containerd.image.name': image.name, 'org.opencontainers.image.ref.name': image.name.slice(image.name.lastIndexOf(':') + 1) }
  const index = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [{ ...descriptor('application/vnd.oci.image.manifest.v1+json', manifest), annotations, platform }] }
  const bytes = tarOf(withDirectories([
    file('oci-layout', json({ imageLayoutVersion: '1.0.0' })), file('index.json', json(index)),
    file('manifest.json', json([{ Config: blobOf(config), RepoTags: [image.name], Layers: [blobOf(layer)] }])),
    ...[layer, config, manifest].map((blob) => file(blobOf(blob), blob)),
  ]))
  return { bytes, digest: digestOf(manifest), id: digestOf(config) }
}

/** Parts that do not speak are left out, as other builders do it. */
function configOf({ architecture, entrypoint, command, env, user, workingDirectory, labels, ports }: Image, layer: string): object {
  const config = {
    ...(user === '' ? {} : { User: user }),
    ...(ports.length === 0 ? {} : { ExposedPorts: Object.fromEntries([...ports].sort().map((port) => [port, {}])) }),
    Env: env,
    ...(entrypoint.length === 0 ? {} : { Entrypoint: entrypoint }),
    ...(command.length === 0 ? {} : { Cmd: command }),
    ...(workingDirectory === '' ? {} : { WorkingDir: workingDirectory }),
    ...(Object.keys(labels).length === 0 ? {} : { Labels: Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))) }),
  }
  return { created: EPOCH, architecture, os: 'linux', config, rootfs: { type: 'layers', diff_ids: [layer] }, history: [{ created: EPOCH, created_by: 'tutti oci_image' }] }
}

/** All in the order of their names, each after the directories above it; those that nobody speaks of belong to root. */
export function withDirectories(files: readonly TarEntry[]): readonly TarEntry[] {
  const named = new Map(files.map((one) => [one.path, one]))
  for (const { path } of files) for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) {
    const above = path.slice(0, at)
    if (!named.has(above)) named.set(above, { path: above, kind: 'directory', mode: 0o755 })
  }
  return [...named.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const blobOf = (bytes: Buffer): string => `blobs/${digestOf(bytes).replace(':', '/')}`
const descriptor = (mediaType: string, bytes: Buffer) => ({ mediaType, digest: digestOf(bytes), size: bytes.length })
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const file = (path: string, content: Buffer): TarEntry => ({ path, kind: 'file', mode: 0o644, content })
