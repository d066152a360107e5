/**
 * Whether a text is a list whose items have hosts or import a playbook: no file of tasks has these words there, and an inventory is no list.
 * Read as text: one that is no YAML is a playbook that does not run.
 */
export function isPlaybook(text: string): boolean {
  const lines = text.split('\n').filter((line) => !/^(?:---|#|%|\s*$)/.test(line))
  return lines[0]?.startsWith('- ') === true && lines.some((line) => /^[- ] (?:ansible\.builtin\.)?(?:hosts|import_playbook)\s*:/.test(line))
}
