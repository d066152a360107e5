import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { fileParams } from '../contract/file-attributes.ts'
import { imageArchive } from '../contract/image-archive.ts'
import { imageFiles, refuseWhatCannotStart } from '../contract/image-files.ts'
import { imageReference } from '../contract/image-reference.ts'
import { putSource } from '../contract/put-source.ts'
import type { Source } from '../contract/source-entries.ts'
import type { Surroundings } from '../contract/define-module.ts'
import type { Reader } from '../host/reader.ts'
import { type Params, choice, flag, integer, list, mode, path, raw, record, text } from '../schema/field.ts'
import { bytesContent } from '../value/content.ts'
import { type Value, dict, isDict } from '../value/value.ts'

const params = {
  name: text('The name of the image, with a tag: `app:1.0.0` is docker.io/library/app:1.0.0, as Kubernetes reads it.', { required: true }),
  dest: path('The archive.', { required: true, aliases: ['path'] }),
  files: list(record({
    src: text('A file of the controller, or with remote_src of the host.'),
    content: text('A text, instead of src.'),
    link: text('Where a link leads, instead of src.'),
    dest: text('Its place in the image. A slash at the end: a directory, or with src the name of that file in it.', { required: true }),
    mode: mode('Permissions. Programs and scripts have 0755 by themselves, other files 0644.'),
    uid: integer('The user that owns it, a number.', { default: 0 }),
    gid: integer('The group that owns it, a number.', { default: 0 }),
  }, ''), 'What is in the image. Directories above are made.', { required: true }),
  remote_src: flag('src are files of the host.', { default: false }),
  libraries: flag('Bring what programs of the host need of shared libraries, too.', { default: false }),
  entrypoint: list(text(''), 'The program that starts, with its first arguments.', { default: [] }),
  cmd: list(text(''), 'Arguments that a pod may replace.', { default: [], aliases: ['command'] }),
  env: raw('Variables of the environment, a dict. PATH is the usual one unless it is said.', { aliases: ['environment'] }),
  user: text('Who runs it: UID, or UID:GID.', { default: '' }),
  working_dir: text('Where it starts.', { default: '' }),
  labels: raw('Labels, a dict.'),
  exposed_ports: list(text(''), 'Ports that it listens at: 8080, 53/udp.', { default: [] }),
  architecture: choice(['amd64', 'arm64'], 'The machines that it is for.', { default: 'amd64' }),
  backup: flag('Keep the old archive, with the time in its name.', { default: false }),
  force: flag('Replace an archive that is another; no: only where there is none.', { default: true }),
  follow: flag('Follow a link at the destination instead of replacing it.', { default: false }),
  validate: text('A command that must accept the new archive; %s is its name.'),
  unsafe_writes: flag('Write in place where a rename is not possible.', { default: false }),
  ...fileParams,
} as const

const putting = putSource(sourceOf)

export const ociImage = defineModule({
  name: 'oci_image',
  summary: 'Keep an archive of a container image, made of files: no container engine is needed.',
  notes: [
    'Needs nothing on the host but its shell. The archive is an OCI image layout that `ctr images import`, `k3s ctr images import`, `docker load`, `podman load` and the images directory of k3s take; the image has one layer.',
    'The same files and settings give the same bytes: times are those of 1970, the order is that of the names. So an archive that is right is left alone, and the digest is known before anything is written.',
    'A program that would not start in it is refused: one that is for other machines, or needs shared libraries that are not in the image.',
  ],
  examples: `
- name: A static program as an image that every node of k3s loads
  oci_image:
    name: shop/web:1.4.0
    dest: /var/lib/rancher/k3s/agent/images/shop-web.tar
    files:
      - { src: web, dest: /web }
      - { dest: /tmp/, mode: "1777" }
    entrypoint: [/web]
    user: "65532:65532"
    exposed_ports: [8080]
    labels: { org.opencontainers.image.version: 1.4.0 }
- name: A program of the host with its shared libraries
  oci_image:
    name: tools/env:1
    dest: /var/tmp/env.tar
    files: [{ src: /usr/bin/env, dest: /usr/bin/env }]
    remote_src: true
    libraries: true
    entrypoint: [/usr/bin/env]
    architecture: "{{ 'arm64' if ansible_facts.architecture == 'aarch64' else 'amd64' }}"
`,
  params,
  ...putting,
  result(ending) {
    const { outputs } = putting.result(ending)
    return { outputs: { ...outputs, ...ending.before.seen.value.source.outputs } }
  },
})

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

async function sourceOf(host: Reader, given: Params<typeof params>, around: Surroundings): Promise<Source> {
  const { architecture, entrypoint } = given
  const name = imageReference(given.name)
  const files = await imageFiles(host, given.files, given, around)
  refuseWhatCannotStart(entrypoint, architecture, files)
  const env = { PATH, ...textsOf(given.env, 'env') }
  const { bytes, digest, id } = imageArchive({
    name, architecture, files, entrypoint, command: given.cmd, env: Object.entries(env).map(([key, value]) => `${key}=${value}`), user: given.user,
    workingDirectory: given.working_dir, labels: textsOf(given.labels, 'labels'), ports: given.exposed_ports.map(portOf),
  })
  return { name: given.dest, kind: 'file', entries: [{ path: '', kind: 'file', mode: 0o644, content: bytesContent(bytes) }], outputs: { image: dict({ name, digest, id, architecture }) } }
}

function textsOf(given: Value | undefined, param: string): Readonly<Record<string, string>> {
  if (given === undefined || given === null) return {}
  if (!isDict(given)) return fail(`${param} is a dict of texts`)
  return Object.fromEntries([...given].map(([key, value]) => [String(key), isDict(value) || Array.isArray(value) || value === null ? fail(`${param}: ${String(key)} is a text or a number`) : String(value)]))
}

function portOf(written: string): string {
  const [, port, protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/.exec(written) ?? fail(`exposed_ports: '${written}' is no port, as 8080 or 53/udp`)
  return `${port}/${protocol}`
}
