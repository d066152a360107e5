import { readFile } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { NEEDS_KUBECTL, kubectlParams } from '../contract/kubectl.ts'
import { putLocalFile } from '../contract/local-file.ts'
import { askCertificate, controllerParams } from '../contract/sealing-controller.ts'
import { act } from '../host/step.ts'
import { text } from '../schema/field.ts'
import { type Certificate, parseCertificate } from '../seal/certificate.ts'
import { type Aside, aside } from '../value/aside.ts'

interface State {
  readonly pem: string
  readonly seen: Aside<{ readonly pem: string; readonly certificate: Certificate; readonly file: string | undefined }>
}

export const sealingCertificate = defineModule({
  name: 'sealing_certificate',
  summary: 'Keep the certificate of the controller of sealed secrets on the controller of the run, for sealing without the cluster.',
  notes: [NEEDS_KUBECTL, 'The certificate is no secret: commit it. What is sealed with it opens in that cluster alone. Without a path it only tells of it.'],
  examples: `
- name: The certificate to seal with, beside the playbook
  sealing_certificate: { path: sealing.pem }
  register: sealing
- name: How long is it good?
  debug: { msg: "{{ sealing.fingerprint }}, until {{ sealing.expires }}" }
`,
  params: { ...kubectlParams, path: text('The file. Relative to the playbook.'), ...controllerParams },
  eager: false,
  async probe(host, given, { environment, playbookDirectory }): Promise<State> {
    const file = given.path === undefined ? undefined : isAbsolute(given.path) ? given.path : join(playbookDirectory, given.path)
    const { pem, certificate } = await askCertificate(host, given, environment, '. Is it installed (playbooks/sealed-secrets.yml), under the name of controller_name and controller_namespace?')
    return { pem: file === undefined ? pem : await readIfThere(file), seen: aside({ pem, certificate, file }) }
  },
  plan: (_given, before): State => ({ ...before, pem: before.seen.value.pem }),
  *apply({ before: { seen: { value: { pem, file } } } }) {
    if (file !== undefined) yield act(`write ${file}`, () => putLocalFile(file, pem))
  },
  diff: ({ params: { path = '' }, before, after }) => [{ header: { before: path, after: path }, before: describe(before.pem), after: describe(after.pem) }],
  result: ({ before: { seen: { value: { certificate, file } } } }) => ({ outputs: { fingerprint: certificate.fingerprint, expires: certificate.expires.toISOString(), ...(file === undefined ? {} : { path: file }) } }),
})

function describe(pem: string): string {
  if (pem === '') return ''
  try {
    const { fingerprint, expires } = parseCertificate(pem, { source: '', now: new Date(0) })
    return `the certificate ${fingerprint}, until ${expires.toISOString().slice(0, 10)}\n`
  } catch {
    return 'something else\n'
  }
}

const readIfThere = (file: string): Promise<string> => readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? '' : fail(`${file} cannot be read: ${error.message}`)))
