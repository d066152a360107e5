import { Problem } from '../../problem/problem.ts'

/** A release of a distribution, as debootstrap and apt name it. */
export interface ImageSuite {
  readonly distribution: 'debian' | 'ubuntu'
  readonly suite: string
}

const RELEASES: Readonly<Record<string, string>> = {
  'debian/11': 'bullseye', 'debian/12': 'bookworm', 'debian/13': 'trixie',
  'ubuntu/20.04': 'focal', 'ubuntu/22.04': 'jammy', 'ubuntu/24.04': 'noble',
}
export const DEFAULT_IMAGE = 'debian/12'

/** `debian/12`, `ubuntu/24.04`, or a suite's own name such as `trixie`. */
export function imageSuite(image: string = DEFAULT_IMAGE): ImageSuite {
  for (const [name, suite] of Object.entries(RELEASES)) {
    const [distribution, version] = name.split('/') as [ImageSuite['distribution'], string]
    if (image === name || image === suite || image === `${distribution}/${suite}` || image === version) return { distribution, suite }
  }
  throw new Problem({
    code: 'unknown-image',
    summary: 'the nspawn driver does not know this image',
    detail: image,
    hint: `known: ${Object.keys(RELEASES).join(', ')}, or the name of one of these releases`,
  })
}
