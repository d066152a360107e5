import { filter } from '../define.ts'
import { searchPath } from '../jmespath.ts'
import { compareLoose } from '../version.ts'
import { iterate } from '../python/kind.ts'
import { str } from '../python/text.ts'
import { compareText } from '../python/compare.ts'

function versionOrder(a: string, b: string): number {
  try {
    return compareLoose(a, b)
  } catch {
    return compareText(a, b)
  }
}
export const queryFilters = [
  filter('json_query community.general.json_query', 'expr', (value, [expression]) => searchPath(str(expression!), value)),
  filter('version_sort community.general.version_sort', 'reverse?', (value, [reverse]) => {
    const sorted = Array.from(iterate(value)).sort((a, b) => versionOrder(str(a), str(b)))
    return reverse === true ? sorted.reverse() : sorted
  }),
]
