/** Semantic versions and the ranges that collections ask for: `>=1.2,<2`, `!=1.4.0`, `*`, or one version. */
export interface Version {
  readonly numbers: readonly [number, number, number]
  /** What follows a dash; such versions come before the one without. */
  readonly early: readonly string[]
}

export function parseVersion(text: string): Version | undefined {
  const match = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/.exec(text.trim())
  return match ? { numbers: [Number(match[1]), Number(match[2] ?? 0), Number(match[3] ?? 0)], early: match[4]?.split('.') ?? [] } : undefined
}

/** Below zero where `a` is the older one. What is no version comes before all versions. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parseVersion(a), parseVersion(b)]
  if (!left || !right) return left ? 1 : right ? -1 : a < b ? -1 : a > b ? 1 : 0
  for (const index of [0, 1, 2] as const) if (left.numbers[index] !== right.numbers[index]) return left.numbers[index] - right.numbers[index]
  if (left.early.length === 0 || right.early.length === 0) return right.early.length - left.early.length
  for (const [index, part] of left.early.entries()) {
    const other = right.early[index]
    if (other === undefined) return 1
    if (part !== other) return comparePart(part, other)
  }
  return left.early.length - right.early.length
}

function comparePart(a: string, b: string): number {
  const [left, right] = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (left && right) return Number(a) - Number(b)
  return left ? -1 : right ? 1 : a < b ? -1 : 1
}

const TESTS: Readonly<Record<string, (order: number) => boolean>> = { '==': (order) => order === 0, '=': (order) => order === 0, '!=': (order) => order !== 0, '>=': (order) => order >= 0, '<=': (order) => order <= 0, '>': (order) => order > 0, '<': (order) => order < 0 }

/** Early versions count only where a range names one or `early` is said. */
export function isInRange(version: string, range: string, early = false): boolean {
  const parts = range.split(',').map((part) => part.trim()).filter((part) => part !== '' && part !== '*')
  const found = parseVersion(version)
  if (found && found.early.length > 0 && !early && !parts.some((part) => (parseVersion(part.replace(/^[=<>!]+\s*/, ''))?.early.length ?? 0) > 0)) return false
  return parts.every((part) => {
    const [, sign = '', wanted = ''] = /^([=<>!]*)\s*(.*)$/.exec(part)!
    return TESTS[sign || '==']?.(compareVersions(version, wanted)) ?? false
  })
}
