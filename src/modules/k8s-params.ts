import { waitParams } from '../contract/await-objects.ts'
import { kubectlParams } from '../contract/kubectl.ts'
import { type Params, choice, controllerTemplates, flag, integer, raw, record, text } from '../schema/field.ts'

/** The parameters of `k8s`. */
export const k8sParams = {
  ...kubectlParams,
  state: choice(['present', 'absent', 'patched'], 'Whether the objects are there as the manifests say; are not there; or, where they are there, have what the manifests say.', { default: 'present' }),
  resource_definition: raw('The objects: a dict, a list of dicts, or the text of YAML documents.', { aliases: ['definition', 'inline'], hidden: true }),
  src: text('A file with them: an absolute path is one of the host, a relative one is looked for on the controller as files of roles are.'),
  template: controllerTemplates('Templates on the controller that give them: a name, a dict with path and options of the template module, or a list of both.'),
  api_version: text('The version of the object that kind and name name, and of manifests that say none.', { default: 'v1', aliases: ['api', 'version'] }),
  kind: text('Its kind.'),
  name: text('Its name.'),
  namespace: text('The namespace of objects whose manifest names none.'),
  field_manager: text('Who owns the fields of our manifests on the server.', { default: 'tutti' }),
  force_conflicts: flag('Take over fields that another manager owns with another value.', { default: false }),
  server_side_apply: record({ field_manager: text('The same as field_manager.'), force_conflicts: flag('The same as force_conflicts.', { default: false }) }, 'The way Ansible writes field_manager and force_conflicts.'),
  apply: flag('Whether a manifest is applied.', { inert: 'it always is, by the server', default: true }),
  ...waitParams,
  delete_options: record({
    gracePeriodSeconds: integer('Seconds that pods have to end.'),
    propagationPolicy: choice(['Foreground', 'Background', 'Orphan'], 'What becomes of the objects that belong to it.'),
  }, 'How objects are removed.'),
  delete_all: flag('With state absent, kind and no name: all objects of the kind in the namespace.', { default: false, aliases: ['all'] }),
  label_selectors: raw('Only objects whose labels fit: a list of selectors, each as kubectl takes one.'),
} as const
export type K8sParams = Params<typeof k8sParams>

export const applyingOf = ({ field_manager, force_conflicts, server_side_apply }: K8sParams) => ({ fieldManager: server_side_apply?.field_manager ?? field_manager, forceConflicts: force_conflicts || server_side_apply?.force_conflicts === true })
