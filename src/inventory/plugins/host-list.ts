import { type Reading, addHosts } from './source.ts'

/** `-i web1,web2:2222,db[1:3],`: a list of hosts, with ranges, in which the comma is what tells it from a file. */
export function readHostList(text: string, reading: Reading): void {
  for (const host of text.split(',')) if (host.trim()) addHosts(reading, host.trim(), 'ungrouped', {})
}
