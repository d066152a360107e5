import { Problem } from '../problem/problem.ts'
import type { Play } from '../playbook/tree.ts'
import { render } from '../template/template.ts'
import type { Scope } from '../template/scope.ts'
import { type Value, isUnknown } from '../value/value.ts'
import type { Run } from './run.ts'

/** The hosts of a play, in its order: its pattern within `--limit`. */
export function hostsOfPlay(run: Run, play: Play, scope: Scope): readonly string[] {
  const pattern = render(play.hosts, scope)
  if (isUnknown(pattern)) throw new Problem({ code: 'unknown-hosts', summary: 'the hosts of the play are not known in a dry run', detail: pattern.reason, span: play.span })
  const patterns = (Array.isArray(pattern) ? (pattern as readonly Value[]) : [pattern]).map(String)
  const hosts = run.inventory.hostsMatching(patterns.join(','), run.settings.limit)
  return ordered(hosts, play.order === undefined ? 'inventory' : String(render(play.order, scope)), play)
}

function ordered(hosts: readonly string[], order: string, play: Play): readonly string[] {
  switch (order) {
    case 'inventory': return hosts
    case 'reverse_inventory': return hosts.toReversed()
    case 'sorted': return hosts.toSorted()
    case 'reverse_sorted': return hosts.toSorted().reverse()
    case 'shuffle': return hosts.map((host) => ({ host, at: Math.random() })).sort((a, b) => a.at - b.at).map(({ host }) => host)
    default: throw new Problem({ code: 'wrong-choice', summary: 'unknown order of hosts', detail: `'${order}'`, hint: 'inventory, reverse_inventory, sorted, reverse_sorted or shuffle', span: play.span })
  }
}
