import { Problem } from '../../problem/problem.ts'

/** Named, not left to Multipass: its own default moves to each new release. */
export const DEFAULT_MULTIPASS_IMAGE = '24.04'

/** `ubuntu/24.04` is `24.04` there, `debian/13` is `debian` (1.17 and later); other words are passed on as they are. */
export function multipassImage(image: string | undefined): string {
  if (image === undefined) return DEFAULT_MULTIPASS_IMAGE
  const [distribution, release] = image.split('/') as [string, string?]
  if (distribution === 'ubuntu' && release) return release
  if (image === 'debian/13' || image === 'debian/trixie') return 'debian'
  if (distribution === 'debian' && release) {
    const hint = 'Multipass has debian/13 and the releases of Ubuntu; the nspawn driver has more'
    throw new Problem({ code: 'unknown-image', summary: 'Multipass has no such image', detail: image, hint })
  }
  return image
}
