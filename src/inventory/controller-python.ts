import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * The controller's own Python, for the tasks of a playbook that call it by `ansible_playbook_python`; `undefined` where there is none.
 * Nothing of ours runs on it.
 */
export function controllerPython(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean)
  return folders.flatMap((folder) => ['python3', 'python'].map((name) => join(folder, name))).find(isProgram)
}
function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
