import { defineModule } from '../contract/define-module.ts'
import { type Edit, editFile, editParams, splitLines } from '../contract/edit-file.ts'
import { pythonPattern } from '../contract/python-pattern.ts'
import { type Params, choice, flag, text } from '../schema/field.ts'

const params = {
  ...editParams,
  state: choice(['present', 'absent'], 'Whether the block should be there.', { default: 'present' }),
  block: text('The lines between the markers; an empty block is removed.', { aliases: ['content'], default: '' }),
  marker: text('The line around the block; {mark} is replaced by marker_begin and marker_end.', { default: '# {mark} ANSIBLE MANAGED BLOCK' }),
  marker_begin: text('What {mark} is above the block.', { default: 'BEGIN' }),
  marker_end: text('What {mark} is below the block.', { default: 'END' }),
  insertafter: text("Where a new block goes: after the last match of this, or at 'EOF'."),
  insertbefore: text("Where a new block goes: before the last match of this, or at 'BOF'."),
  create: flag('Make a missing file.', { default: false }),
  append_newline: flag('An empty line after the block, but at the end of the file.', { default: false }),
  prepend_newline: flag('An empty line before the block, but at the beginning of the file.', { default: false }),
  encoding: text('The encoding of the text.', { inert: 'bytes that are not UTF-8 are kept as they are', default: 'utf-8' }),
} as const
type BlockParams = Params<typeof params>

export const blockinfile = defineModule({
  name: 'blockinfile',
  summary: 'Keep a block of lines between two markers in a text, or out of it.',
  notes: ['Needs nothing on the host but its shell. The file is read, edited and put in its place by a rename; with `validate` only after that program found it right.'],
  examples: `
- name: The hosts of the cluster know each other
  blockinfile:
    path: /etc/hosts
    block: |
      192.0.2.11 node1
      192.0.2.12 node2
- name: A block of its own, before the end of the file
  blockinfile:
    path: /etc/app/web.conf
    marker: "# {mark} OF THE PROXY"
    insertbefore: ^END
    create: true
    mode: "0644"
    block: "proxy = {{ proxy }}"
- name: The block is not needed any more
  blockinfile: { path: /etc/app/old.conf, state: absent }
`,
  params,
  rules: { atMostOneOf: [['insertbefore', 'insertafter']] },
  ...editFile<BlockParams>({
    creates: ({ create }) => create,
    missing: (_params, path) => ({ msg: `Path ${path} does not exist !`, rc: 257 }),
    edit,
    diff: 'content-and-attributes',
  }),
})

function edit(given: BlockParams, old: string | undefined): Edit {
  const lines = splitLines(old ?? '')
  const [begin, end] = [given.marker_begin, given.marker_end].map((mark) => given.marker.replaceAll('{mark}', () => mark))
  const block = given.state === 'present' ? blockLines(given.block) : []
  const found = findBlock(lines, begin!, end!)
  const rest = found ? lines.toSpliced(found.from, found.to - found.from + 1) : lines
  if (block.length === 0) return found ? { text: rest.join(''), msg: 'Block removed' } : { text: old === undefined ? '' : undefined, msg: old === undefined ? 'File created' : '' }
  const at = found ? found.from : place(rest, given)
  const text = joined(rest, at, [`${begin}\n`, ...block, `${end}\n`], given)
  if (text === old) return { text: undefined, msg: '' }
  return { text, msg: old === undefined ? 'File created' : 'Block inserted' }
}

const blockLines = (block: string): readonly string[] => (block === '' ? [] : splitLines(block.endsWith('\n') ? block : `${block}\n`))

/** The last lines that are the markers, whichever comes first. */
function findBlock(lines: readonly string[], begin: string, end: string): { readonly from: number; readonly to: number } | undefined {
  const is = (marker: string) => (line: string) => line.replace(/\r?\n$/, '') === marker
  const [from, to] = [lines.findLastIndex(is(begin)), lines.findLastIndex(is(end))]
  if (from < 0 || to < 0) return undefined
  return { from: Math.min(from, to), to: Math.max(from, to) }
}

function place(lines: readonly string[], { insertafter, insertbefore }: BlockParams): number {
  if (insertbefore === 'BOF') return 0
  const wanted = insertbefore ?? insertafter
  if (wanted === undefined || wanted === 'EOF') return lines.length
  const pattern = pythonPattern(wanted, 'g')
  if (pattern.multiline) return placeInWhole(lines, pattern, insertbefore !== undefined)
  const at = lines.findLastIndex((line) => line.search(pattern) >= 0)
  return at < 0 ? lines.length : insertbefore === undefined ? at + 1 : at
}

/** `(?m)`: the pattern is for the whole text and may span lines; the line where its last match ends (or begins) counts. */
function placeInWhole(lines: readonly string[], pattern: RegExp, before: boolean): number {
  const text = lines.join('')
  const last = [...text.matchAll(pattern)].at(-1)
  if (!last) return lines.length
  const start = splitLines(text.slice(0, last.index)).length - (last.index > 0 && text[last.index - 1] !== '\n' ? 1 : 0)
  return before ? start : splitLines(text.slice(0, last.index + last[0].length)).length
}

function joined(rest: readonly string[], at: number, block: readonly string[], { append_newline, prepend_newline }: BlockParams): string {
  const [above, below] = [rest.slice(0, at), rest.slice(at)]
  if (above.length > 0 && !above.at(-1)!.endsWith('\n')) above[above.length - 1] += '\n'
  const before = prepend_newline && above.length > 0 && above.at(-1)!.trim() !== '' ? ['\n'] : []
  const after = append_newline && below.length > 0 && below[0]!.trim() !== '' ? ['\n'] : []
  return [...above, ...before, ...block, ...after, ...below].join('')
}
