import { readFileSync, statSync } from 'node:fs'

/** A version that a project pins and should not. `place`: `file:line`. */
export interface BadVersion {
  readonly place: string
  readonly version: string
  readonly why: string
  readonly instead: string
}

interface Known {
  /** A line that pins it; the first group is the version. */
  readonly pattern: RegExp
  readonly name: string
  readonly why: string
  readonly instead: string
}

/** Versions whose own publishers warn of them, each with where that is said. */
const KNOWN: readonly Known[] = [
  {
    name: 'sealed-secrets', pattern: /sealed[-_]secrets[\w-]*(?:\/releases\/download)?["']?\s*[:=/@]\s*["']?v?(0\.36\.[356])\b/i,
    why: 'its release notes call it incomplete: not all of its images were published (github.com/bitnami-labs/sealed-secrets/releases)', instead: '0.36.4',
  },
]

/** More is no file that somebody pins a version in. Bytes. */
const MOST = 1 << 20

/** Where the files of a project pin versions that are known to be bad. */
export function findBadVersions(files: readonly string[]): readonly BadVersion[] {
  return files.filter((file) => statSync(file).size <= MOST).flatMap((file) =>
    readFileSync(file, 'utf8').split('\n').flatMap((line, index) => KNOWN.flatMap(({ name, pattern, why, instead }) => {
      const version = /^\s*#/.test(line) ? undefined : pattern.exec(line)?.[1]
      return version === undefined ? [] : [{ place: `${file}:${index + 1}`, version: `${name} ${version}`, why, instead }]
    })))
}
