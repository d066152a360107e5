import { filter } from '../define.ts'
import { searchPath } from '../jmespath.ts'
import { compareLoose } from '../version.ts'
import { iterate } from '../python/kind.ts'
import { str } from '../python/text.ts'
import { fail } from '../template-error.ts'
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
  filter('vault', 'secret? salt? vault_id? wrap_object? vaultid?', () => fail("the filter 'vault' is not supported; encrypt with 'tutti vault' and keep the result")),
  filter('unvault', 'secret? vault_id? vaultid?', (value, [secret], { call }) => {
    if (!str(value).startsWith('$ANSIBLE_VAULT;')) return value
    if (secret !== undefined && secret !== '') return fail("the filter 'unvault' opens with the run's own vault passwords; leave its argument out")
    const open = call.scope.lookupContext?.vault ?? fail('there is no vault password to open the text with')
    return open(str(value))
  }),
]
