import { defineModule } from '../contract/define-module.ts'
import { fileParams } from '../contract/file-attributes.ts'
import { type PutParams, putSource } from '../contract/put-source.ts'
import { controllerSource } from '../contract/source-entries.ts'
import { type ControllerFile, choice, controllerFile, flag, path, text } from '../schema/field.ts'

export const template = defineModule({
  name: 'template',
  summary: 'Render a template and put it onto the host.',
  notes: ['Needs nothing on the host but its shell: it is rendered here. Lines of the result end as `newline_sequence` says.'],
  examples: `
- name: A configuration
  template: { src: app.conf.j2, dest: /etc/app/app.conf, owner: root, group: root, mode: "0644" }
- name: Taken over only if visudo accepts it, the old one kept
  template: { src: sudoers.j2, dest: /etc/sudoers.d/deploy, mode: "0440", validate: /usr/sbin/visudo -cf %s, backup: true }
- name: A file that has braces of its own
  template: { src: prompt.sh.j2, dest: /etc/profile.d/prompt.sh, variable_start_string: "[[", variable_end_string: "]]", mode: "0644" }
`,
  params: {
    src: controllerFile('templates', 'The template, on the controller.', { required: true, render: true }),
    dest: path('Where the file goes; a directory keeps the name of the template.', { required: true }),
    backup: flag('Keep the old file, with the time in its name.', { default: false }),
    force: flag('Replace a file whose content differs; no: only where there is none.', { default: true }),
    follow: flag('Follow a link at the destination instead of replacing it.', { default: false }),
    validate: text('A command that must accept the new file; %s is its name.'),
    newline_sequence: choice(['\n', '\r', '\r\n', '\\n', '\\r', '\\r\\n'], 'The end of lines.', { default: '\n' }),
    output_encoding: text('The encoding that the file is written in.', { default: 'utf-8' }),
    block_start_string: text('Begins a statement.', { default: '{%' }),
    block_end_string: text('Ends a statement.', { default: '%}' }),
    variable_start_string: text('Begins an expression.', { default: '{{' }),
    variable_end_string: text('Ends an expression.', { default: '}}' }),
    comment_start_string: text('Begins a comment.', { default: '{#' }),
    comment_end_string: text('Ends a comment.', { default: '#}' }),
    trim_blocks: flag('Drop the line end after a statement.', { default: true }),
    lstrip_blocks: flag('Drop white space before a statement at the start of a line.', { default: false }),
    unsafe_writes: flag('Write in place where a rename is not possible.', { default: false }),
    ...fileParams,
  },
  rules: { words: { missing: 'src and dest are required' } },
  ...putSource((_host, { src }: PutParams & { readonly src: ControllerFile }) => controllerSource(src)),
})
