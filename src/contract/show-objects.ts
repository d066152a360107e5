import { inside, sameJson } from '../kubernetes/field-set.ts'
import { differing, fieldLines } from '../kubernetes/object-diff.ts'
import { isHidden, titleOf } from '../kubernetes/object.ts'
import type { Json } from '../value/json.ts'
import { type Unknown, isUnknown } from '../value/value.ts'
import type { TextDiff } from './define-module.ts'
import type { ObjectState } from './planned-objects.ts'
import type { Looked } from './server-apply.ts'

/** The differences of objects, each in the fields that the task speaks about. */
export function objectDiffs(looked: readonly Looked[]): readonly TextDiff[] {
  return looked.flatMap(({ object, current, before, after }) => {
    if (before === after || isUnknown(before)) return []
    const title = titleOf({ ...object, namespace: object.namespace ?? (inside(current, 'metadata', 'namespace') as string | undefined) })
    const header = { before: title, after: title }
    if (after === null) return [{ header, before: '(there)\n', after: '' }]
    if (isUnknown(after)) return [{ header, before: before === null ? '' : fieldLines(new Map(Object.entries(before)), isHidden(object)), after: `(unknown: ${after.reason})\n` }]
    const [old, now] = differing(fieldsOf(before), fieldsOf(after), sameJson)
    // Hidden on both sides, they would look the same.
    const after_ = fieldLines(now, isHidden(object)).replaceAll(': (hidden)', before === null ? ': (hidden)' : ': (hidden, another)')
    return old.size + now.size === 0 && before !== null ? [] : [{ header, before: before === null ? '' : fieldLines(old, isHidden(object)), after: now.size === 0 && before === null ? '(an object without fields)\n' : after_ }]
  })
}

const fieldsOf = (state: Exclude<ObjectState, Unknown>): ReadonlyMap<string, Json> => new Map(Object.entries(state ?? {}))

export const isChanged = ({ before, after }: Looked): boolean => before !== after && (isUnknown(before) || isUnknown(after) || !sameJson(before, after))
