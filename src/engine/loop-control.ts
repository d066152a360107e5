import type { Loop } from '../playbook/tree.ts'
import { Problem } from '../problem/problem.ts'
import { str as showValue } from '../template/python/text.ts'
import type { Scope } from '../template/scope.ts'
import { render } from '../template/template.ts'
import { type Value, isUnknown } from '../value/value.ts'
import { evaluateTruth } from './truth.ts'

/** A loop whose names and flags are rendered. */
export interface Settled extends Loop {
  readonly loopVar: string
  readonly indexVar?: string
  readonly extended: boolean
  readonly extendedAllItems: boolean
}

export function settled(loop: Loop, scope: Scope): Settled {
  const flag = (value: Value): boolean => evaluateTruth(render(value, scope)) === true
  const { indexVar, ...rest } = loop
  return { ...rest, loopVar: nameIn(loop.loopVar, scope), ...(indexVar === undefined ? {} : { indexVar: nameIn(indexVar, scope) }), extended: flag(loop.extended), extendedAllItems: flag(loop.extendedAllItems) }
}

function nameIn(value: Value, scope: Scope): string {
  const name = render(value, scope)
  if (typeof name === 'string' && /^[A-Za-z_]\w*$/.test(name)) return name
  throw new Problem({ code: 'bad-name', summary: 'Invalid variable name', detail: `'${isUnknown(name) ? name.reason : showValue(name)}' in loop_control` })
}
