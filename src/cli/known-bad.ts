import { readFileSync, statSync } from 'node:fs'

/** A version that a project pins and should not. `place`: `file:line`. */
export interface BadVersion {
  readonly place: string
  readonly version: string
  readonly why: string
  readonly instead: string
}

interface Known {
  readonly name: string
  /** What a line names it by. */
  readonly thing: RegExp
  /** Its bad versions, as a part of an expression. */
  readonly versions: string
  readonly why: string
  readonly instead: string
}

/** Versions whose own publishers warn of them, each with where that is said. */
const KNOWN: readonly Known[] = [
  {
    name: 'sealed-secrets', thing: /sealed[-_]secrets/i, versions: '0\\.36\\.[356]',
    why: 'its release notes call it incomplete: not all of its images were published (github.com/bitnami-labs/sealed-secrets/releases)', instead: '0.36.4',
  },
  {
    name: 'the chart of sealed-secrets', thing: /sealed[-_]secrets/i, versions: '2\\.18\\.5',
    why: 'it runs sealed-secrets 0.36.6, whose release notes call it incomplete: not all of its images were published (github.com/bitnami-labs/sealed-secrets/releases)', instead: 'another one, or set its image.tag to 0.36.4',
  },
  {
    name: 'k3s', thing: /k3s/i, versions: '1\\.(?:19\\.3(?:\\+|%2B|-)k3s2|18\\.10(?:\\+|%2B|-)k3s2|17\\.14(?:\\+|%2B|-)k3s1|17\\.13(?:\\+|%2B|-)k3s2)',
    why: 'objects can vanish from its database (github.com/k3s-io/k3s/releases/tag/v1.19.3%2Bk3s2)', instead: 'v1.19.3+k3s3 or a later one',
  },
]

/** Lines between the name of a thing and its version, in the same block of a file. */
const NEAR = 6

/** More is no file that somebody pins a version in. Bytes. */
const MOST = 1 << 20

/** Where the files of a project pin versions that are known to be bad. */
export function findBadVersions(files: readonly string[]): readonly BadVersion[] {
  return files.filter((file) => statSync(file).size <= MOST).flatMap((file) => {
    const lines = readFileSync(file, 'utf8').split('\n').map((line) => (/^\s*#/.test(line) ? '' : line))
    return lines.flatMap((line, index) => PATTERNS.flatMap(({ known: { name, thing, why, instead }, named, unnamed }) => {
      const isNear = (): boolean => lines.slice(Math.max(0, index - NEAR), index + NEAR + 1).some((near) => thing.test(near))
      const version = named.exec(line)?.[1] ?? (unnamed.test(line) && isNear() ? unnamed.exec(line)?.[1] : undefined)
      return version === undefined ? [] : [{ place: `${file}:${index + 1}`, version: `${name} ${version}`, why, instead }]
    }))
  })
}

const PATTERNS = KNOWN.map((known) => ({
  known,
  /** `name_version: V`, `image:V`, `…/releases/download/V/…`. */
  named: new RegExp(`${known.thing.source}[\\w-]*(?:/releases/download)?["']?\\s*[:=/@]\\s*["']?v?(${known.versions})(?!\\d)`, 'i'),
  /** `version: V`, `tag: V`: of what, another line says. */
  unnamed: new RegExp(`(?:^|[\\s{,"'])(?:version|tag|targetRevision)["']?\\s*[:=]\\s*["']?v?(${known.versions})(?!\\d)`),
}))
