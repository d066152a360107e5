const UNITS: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }

/** `2G`, `512M`, `1.5GiB` as bytes, in powers of 1024 as Multipass counts; `undefined` where it is not a size. A bare number is bytes. */
export function parseSize(text: string | number): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([KMGT])(?:i?B)?|B)?$/i.exec(String(text).trim())
  if (!match) return undefined
  return Math.round(Number(match[1]) * (UNITS[match[2]?.toUpperCase() ?? ''] ?? 1))
}

/** Bytes as the shortest text that `parseSize` reads back. */
export function showSize(bytes: number): string {
  for (const unit of ['T', 'G', 'M', 'K']) if (bytes > 0 && bytes % UNITS[unit]! === 0) return `${bytes / UNITS[unit]!}${unit}`
  return `${bytes}B`
}
