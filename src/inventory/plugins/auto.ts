import { basename } from 'node:path'
import { isLabFile } from '../../lab/lab-file.ts'
import { didYouMean } from '../../problem/did-you-mean.ts'
import { Problem } from '../../problem/problem.ts'
import { isDict } from '../../value/value.ts'
import { toValue } from '../../yaml/yaml-node.ts'
import { constructed } from './constructed.ts'
import { generator } from './generator.ts'
import { readLab } from './lab.ts'
import { shortName } from './plugin-file.ts'
import type { Source, SourceKind } from './source.ts'

const KINDS = [constructed, generator]

/** A YAML file that says by `plugin:` what reads it; lab files too. */
export const auto: SourceKind = {
  name: 'auto',
  accepts: ({ exists, place }) => exists && /\.ya?ml$/.test(place),
  read(source, reading) {
    const content = toValue(source.yaml())
    if (isLabFile(content)) return readLab(content, source.place, reading)
    const plugin = isDict(content) ? content.get('plugin') : undefined
    if (plugin === undefined) throw new NoPlugin(source)
    return findKind(String(plugin), source).read(source, reading)
  },
}

/** A file that is meant for others: nothing to tell anybody of while another kind can read it. */
export class NoPlugin extends Problem {
  constructor(source: Source) {
    super({ code: 'inventory-plugin', summary: "no root 'plugin' key found", detail: source.place })
  }
}

/** A plugin that only Python has: going on with fewer hosts would be the worst answer. */
export class PluginNotOffered extends Problem {}

function findKind(name: string, { place, span }: Source): SourceKind {
  const found = KINDS.find((kind) => kind.name === shortName(name))
  if (found) return found
  const hint = didYouMean(name, KINDS.map((kind) => kind.name)) ?? 'constructed, generator and lab files are what a plugin file can be here; a script can print any other inventory as JSON'
  throw new PluginNotOffered({ code: 'inventory-plugin', summary: 'this inventory plugin is not offered', detail: `'${name}' in ${basename(place)}`, hint, span })
}
