import { raw } from '../../schema/field.ts'
import { str as showValue } from '../../template/python/text.ts'
import { type Value } from '../../value/value.ts'
import { failedResult } from '../task-result.ts'
import { defineControl } from './control.ts'

export const failControl = defineControl({
  name: 'fail',
  summary: 'Fail with a message.',
  params: { msg: raw('Why.', { default: 'Failed as requested from task' }) },
  lenient: true,
  act: (_call, { msg }) => failedResult(typeof msg === 'string' ? msg : showValue(msg as Value)),
})
