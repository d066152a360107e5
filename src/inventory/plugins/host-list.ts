import { Problem, problemsOf } from '../../problem/problem.ts'
import { expandHosts, parseAddress, type HostAddress } from '../host-address.ts'
import type { Reading, Source, SourceKind } from './source.ts'

/** `-i web1,web2:2222,`: names, in which the comma is what tells them from a file. */
export const hostList: SourceKind = { name: 'host_list', accepts: isList, read: (source, reading) => readList(source, reading, (text) => [parseAddress(text)]) }
/** The same with ranges: `-i web[1:3],`. It is read only where `enable_plugins` names it. */
export const advancedHostList: SourceKind = { name: 'advanced_host_list', accepts: isList, read: (source, reading) => readList(source, reading, expandOrKeep) }

function isList({ place, exists }: Source): boolean {
  return !exists && place.includes(',')
}

function readList({ place }: Source, { data }: Reading, expand: (text: string) => readonly HostAddress[]): void {
  for (const text of place.split(',').map((part) => part.trim()).filter(Boolean)) {
    for (const { name, port } of expand(text)) {
      // A host that is known keeps its port.
      if (data.hosts.has(name)) continue
      if (port) data.addHost(name).vars.set('ansible_port', port)
      data.join(name, 'ungrouped')
    }
  }
}

/** A range without an end is a name like any other, as for Ansible. */
function expandOrKeep(text: string): readonly HostAddress[] {
  try {
    return expandHosts(text)
  } catch (error) {
    if (problemsOf(error)?.some((problem) => problem instanceof Problem && problem.detail?.includes('end value'))) return [{ name: text }]
    throw error
  }
}
