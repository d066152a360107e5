import { Problem } from '../problem/problem.ts'
import type { Play, VarsPrompt } from '../playbook/tree.ts'
import { evaluate, render } from '../template/template.ts'
import type { Scope } from '../template/scope.ts'
import { type Dict, type Value, dict } from '../value/value.ts'
import type { Run } from './run.ts'
import { overScope } from './scopes.ts'

/** `vars_prompt`: what people answer, unless `-e` said it already. Where nobody can answer, the default counts. */
export async function askVars(run: Run, play: Play, scope: Scope): Promise<Dict> {
  const answers = new Map<Value, Value>()
  for (const prompt of play.varsPrompt) if (!run.settings.extraVars.has(prompt.name)) answers.set(prompt.name, await askOne(run, prompt, scope))
  return answers
}

const SECRET = /pass|secret|token|(?:^|_)key(?:$|_)/i

async function askOne(run: Run, prompt: VarsPrompt, scope: Scope): Promise<Value> {
  const question = prompt.prompt === undefined ? prompt.name : String(render(prompt.prompt, scope))
  const preset = prompt.default === undefined ? undefined : render(prompt.default, scope)
  const ask = (text: string) => run.ask(`${text}${preset === undefined || prompt.private ? '' : ` [${String(preset)}]`}: `, { secret: prompt.private })
  let mistaken = ''
  for (;;) {
    const answer = (await ask(`${mistaken}${question}`)) || undefined
    if (prompt.confirm && answer !== undefined && answer !== (await ask(`confirm ${question}`))) {
      mistaken = '***** VALUES ENTERED DO NOT MATCH ****\n'
      continue
    }
    const value = answer ?? preset ?? ''
    // `private` is the default and hides what is typed; most of what is asked is no secret to hide wherever it stands.
    if ((prompt.encrypt !== undefined || (prompt.private && SECRET.test(prompt.name))) && typeof value === 'string' && value && value !== preset) run.secrets.add(value)
    return prompt.encrypt === undefined ? value : encrypted(value, prompt, scope)
  }
}

function encrypted(value: Value, { encrypt, salt, saltSize, name }: VarsPrompt, scope: Scope): Value {
  const kinds: Readonly<Record<string, string>> = { sha512_crypt: 'sha512', sha256_crypt: 'sha256', md5_crypt: 'md5', bcrypt: 'blowfish' }
  const kind = kinds[encrypt!]
  if (!kind) throw new Problem({ code: 'unknown-hash', summary: 'this kind of password hash is not offered', detail: `'${encrypt}' of ${name}` })
  const given: Dict = dict({ value, kind, salt, salt_size: saltSize })
  return evaluate(`value | password_hash(kind${salt === undefined ? '' : ', salt=salt'}${saltSize === undefined ? '' : ', salt_size=salt_size'})`, overScope(scope, (wanted) => given.get(wanted)))
}
