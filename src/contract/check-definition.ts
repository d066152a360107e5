import { checkManifest, checkTwice } from '../kubernetes/check-manifest.ts'
import { readNode } from '../kubernetes/manifest.ts'
import { type Problem, problemsOf } from '../problem/problem.ts'
import { type Dict, TemplateString } from '../value/value.ts'
import type { YamlNode } from '../yaml/yaml-node.ts'

/** What is wrong with manifests that stand in a task, told before any host is asked. What templates will say is taken on trust. */
export function checkDefinition(args: Dict, nodes: ReadonlyMap<string, YamlNode>): readonly Problem[] {
  const node = ['resource_definition', 'definition', 'inline'].map((name) => nodes.get(name)).find((one) => one !== undefined)
  const state = args.get('state') ?? 'present'
  // Where the kind is not known yet, nothing can be held against it.
  if (!node || typeof state !== 'string' || ['kind', 'api_version', 'api', 'version'].some((name) => args.get(name) instanceof TemplateString)) return []
  // A template gives a name too, whichever.
  const said = (name: string) => (args.get(name) instanceof TemplateString ? 'given' : typeof args.get(name) === 'string' ? String(args.get(name)) : undefined)
  const [name, kind, namespace, apiVersion] = [said('name'), said('kind'), said('namespace'), said('api_version') ?? said('api') ?? said('version')]
  const given = { ...(name === undefined ? {} : { name }), ...(namespace === undefined ? {} : { namespace }), ...(kind === undefined ? {} : { kind, apiVersion: apiVersion ?? 'v1' }) }
  try {
    const manifests = readNode(node)
    return [...manifests.flatMap((manifest) => checkManifest(manifest, { given, partial: state !== 'present' })), ...checkTwice(manifests, namespace)]
  } catch (thrown) {
    const problems = problemsOf(thrown)
    if (!problems) throw thrown
    return problems
  }
}
