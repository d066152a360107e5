import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import type { Reader } from '../host/reader.ts'
import { type Resource, leaves } from '../host/resource.ts'
import { run } from '../host/step.ts'
import { choice, flag, raw, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { type Unknown, type Value, isUnknown } from '../value/value.ts'

/** The answers of a package, question → value, as debconf-show prints them; undefined without debconf. Key: the package. */
const answersResource: Resource<ReadonlyMap<string, string> | undefined> = {
  kind: 'debconf',
  async load(shell, keys) {
    const { code, stdout } = await shell.run(`export LC_ALL=C; command -v debconf-show >/dev/null || exit 9; for p in ${keys.map(quote).join(' ')}; do debconf-show -- "$p" 2>/dev/null; echo @@; done`)
    if (code === 9) return keys.map(() => undefined)
    const parts = stdout.toString().split('@@\n')
    return keys.map((_, i) => parseAnswers(parts[i] ?? ''))
  },
}

export const debconf = defineModule({
  name: 'debconf',
  summary: 'Answer a question of a Debian package before it asks.',
  notes: ['Needs debconf on the host. A password is compared only where the task\'s user may read the database.'],
  examples: `
- name: The time zone is asked for no more
  debconf: { name: tzdata, question: tzdata/Areas, value: Etc, vtype: select }
- name: Answers before a package is installed
  debconf: { name: postfix, question: "{{ item.question }}", value: "{{ item.value }}", vtype: "{{ item.type }}" }
  loop:
    - { question: postfix/main_mailer_type, value: Internet Site, type: select }
    - { question: postfix/mailname, value: mail.example.com, type: string }
  loop_control: { label: "{{ item.question }}" }
- name: Which answers there are
  debconf: { name: tzdata }
  register: answers
`,
  params: {
    name: text('The package.', { required: true, aliases: ['pkg'] }),
    question: text('Its question.', { aliases: ['selection', 'setting'] }),
    value: raw('The answer.', { aliases: ['answer'] }),
    vtype: choice(['boolean', 'error', 'multiselect', 'note', 'password', 'seen', 'select', 'string', 'text', 'title'], 'What kind of question it is.'),
    unseen: flag('The package may ask nevertheless.', { default: false }),
  },
  rules: { together: [['question', 'vtype', 'value']] },
  async probe(host, { name, question, vtype }): Promise<{ readonly answer: string | Unknown | undefined; readonly all: ReadonlyMap<string, string> }> {
    const all = known(await host.get(answersResource, name))
    if (!all) return fail('Failed to find required executable "debconf-show": install the package debconf on the host')
    // debconf-show never tells passwords.
    const answer = question === undefined ? undefined : vtype === 'password' ? await password(host, question) : all.get(question)
    return { answer, all }
  },
  plan({ question, value, vtype }, before) {
    if (question === undefined) return before
    if (value === undefined || vtype === undefined) return fail("when supply a question you must supply a valid vtype and value")
    const wanted = answerOf(value, vtype)
    const same = typeof before.answer === 'string' && (vtype === 'multiselect' ? parts(before.answer).join() === parts(wanted).join() : before.answer === wanted)
    return { all: same ? before.all : new Map([...before.all, [question, vtype === 'password' ? '(password omitted)' : wanted]]), answer: same ? before.answer : wanted }
  },
  *apply({ params: { name, question, vtype, unseen }, after }) {
    const line = `${name} ${question} ${vtype} ${String(after.answer)}\n`
    yield run(['debconf-set-selections', ...(unseen ? ['-u'] : [])], [leaves(answersResource, name, after.all)], { stdin: Buffer.from(line), sentence: `answer ${question} of ${name}` })
  },
  diff: ({ params: { question = '', vtype }, before, after }) => [{
    header: { before: question, after: question }, before: before.answer === undefined ? '' : `${vtype === 'password' ? '(hidden)' : String(before.answer)}\n`, after: `${vtype === 'password' ? '(hidden, another)' : String(after.answer)}\n`,
  }],
  result({ params: { question, vtype }, before, after, changed }) {
    const shown = (answer: string | Unknown | undefined): Value => (isUnknown(answer) ? answer : vtype === 'password' ? (answer === undefined ? '' : '********') : (answer ?? ''))
    if (!changed) return { outputs: { msg: '', current: new Map<Value, Value>(before.all) } }
    const pair = (answer: string | Unknown | undefined): Value => new Map<Value, Value>([[question ?? '', shown(answer)]])
    return { outputs: { msg: '', current: pair(after.answer), previous: pair(before.answer) } }
  },
})

/** Passwords stand in a database of their own, which root alone may read. */
async function password(host: Reader, question: string): Promise<string | undefined> {
  const reply = known(await host.run(`export LC_ALL=C; echo ${quote(`get ${question}`)} | debconf-communicate 2>/dev/null`, ['/var/cache/debconf/passwords.dat']))
  return /^0 (.*)$/m.exec(reply.stdout.toString())?.[1] || undefined
}

/** Lines like `* name: value`; a star stands where the user has seen the question. */
export function parseAnswers(output: string): ReadonlyMap<string, string> {
  return new Map(output.split('\n').flatMap((line) => {
    const match = /^[* ] ?\s*(\S+?):(?: (.*))?$/.exec(line)
    return match ? [[match[1]!, (match[2] ?? '').trim()] as const] : []
  }))
}

function answerOf(value: Value, vtype: string): string {
  if (vtype === 'boolean' && (typeof value === 'boolean' || /^(?:true|false)$/i.test(String(value)))) return String(value).toLowerCase()
  if (Array.isArray(value)) return value.map(String).join(', ')
  return typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value ?? '')
}

const parts = (answer: string): readonly string[] => answer.split(',').map((part) => part.trim()).sort()
