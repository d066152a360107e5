import { chooseFilters } from './filters/choose.ts'
import { encodingFilters } from './filters/encoding.ts'
import { ipFilters } from './filters/ip.ts'
import { jsonFilters } from './filters/json.ts'
import { mappingFilters } from './filters/mapping.ts'
import { networkFilters, networkTests } from './filters/network.ts'
import { numberFilters } from './filters/number.ts'
import { pathFilters } from './filters/path.ts'
import { queryFilters } from './filters/query.ts'
import { randomFilters } from './filters/random.ts'
import { regularFilters } from './filters/regular.ts'
import { sequenceFilters } from './filters/sequence.ts'
import { setFilters } from './filters/sets.ts'
import { textFilters } from './filters/text.ts'
import { timeFilters } from './filters/time.ts'
import { urlFilters } from './filters/url.ts'
import { vaultFilters } from './filters/vault.ts'
import { yamlFilters } from './filters/yaml.ts'
import { globals } from './globals.ts'
import { commandLookups } from './lookups/commands.ts'
import { fileLookups } from './lookups/files.ts'
import { firstFoundLookups } from './lookups/first-found.ts'
import { iniLookups } from './lookups/ini.ts'
import { passwordLookups } from './lookups/password.ts'
import { sequenceLookups } from './lookups/sequence.ts'
import { urlLookups } from './lookups/url.ts'
import { valueLookups } from './lookups/values.ts'
import { variableLookups } from './lookups/variables.ts'
import type { Environment } from './scope.ts'
import { compareTests } from './tests/compare.ts'
import { kindTests } from './tests/kind.ts'
import { pathTests } from './tests/path.ts'
import { resultTests } from './tests/result.ts'
import { textTests } from './tests/text.ts'

/** Every plugin under each of its names, and under its full name in Ansible's own collection. */
function byName<T extends { readonly names: readonly string[] }>(plugins: readonly T[]): ReadonlyMap<string, T> {
  const allNames = ({ names }: T): string[] => names.flatMap((name) => (name.includes('.') ? [name] : [name, `ansible.builtin.${name}`]))
  return new Map(plugins.flatMap((plugin) => allNames(plugin).map((name) => [name, plugin] as const)))
}

const filters = [
  ...chooseFilters, ...encodingFilters, ...ipFilters, ...jsonFilters, ...mappingFilters, ...networkFilters, ...numberFilters, ...pathFilters, ...queryFilters,
  ...randomFilters, ...regularFilters, ...sequenceFilters, ...setFilters, ...textFilters, ...timeFilters, ...urlFilters, ...vaultFilters, ...yamlFilters,
]
const tests = [...compareTests, ...kindTests, ...networkTests, ...pathTests, ...resultTests, ...textTests]

const lookups = [...commandLookups, ...fileLookups, ...firstFoundLookups, ...iniLookups, ...passwordLookups, ...sequenceLookups, ...urlLookups, ...valueLookups, ...variableLookups]

/** All filters, tests, lookups and globals that tutti brings. */
export const defaultEnvironment: Environment = { filters: byName(filters), tests: byName(tests), lookups: byName(lookups), globals }
