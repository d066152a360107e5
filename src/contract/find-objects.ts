import type { JsonObject } from '../kubernetes/field-set.ts'
import { type KubeObject, bare, isSame, parsePrinted, written } from '../kubernetes/object.ts'
import { fail } from './failure.ts'
import { type Answer, complaintIn, strangeIn } from './kubectl.ts'

/** The words of kubectl that a question of `findObjects` is asked with. */
export const GET = ['get', '-f', '-', '-o', 'json', '--ignore-not-found'] as const

/** The objects that are there. Of a kind that the cluster does not have nothing is; the others are asked for without it. */
export async function findObjects(objects: readonly KubeObject[], ask: (input: string) => Promise<Answer>): Promise<readonly (JsonObject | undefined)[]> {
  if (objects.length === 0) return []
  const answer = await ask(written(objects.map(bare)))
  const strange = answer.code === 0 ? [] : strangeIn(objects, answer.stderr)
  if (answer.code !== 0 && strange.length === 0) fail(complaintIn(answer.stderr))
  const known = objects.filter((object) => !strange.includes(object))
  const found = strange.length > 0 ? await findObjects(known, ask) : known.map((object) => parsePrinted(answer.stdout).find((one) => isSame(object, one)))
  return objects.map((object) => found[known.indexOf(object)])
}
