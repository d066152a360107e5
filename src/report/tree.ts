import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TaskInfo } from '../engine/event.ts'
import { Problem } from '../problem/problem.ts'
import type { Secrets } from '../text/secrets.ts'
import type { Reporter } from './reporter.ts'
import { showJson } from './show-json.ts'
import { shownOutputs } from './show-outputs.ts'

/** Ansible's `tree`: besides what `inner` reports, the last result of each host as JSON in a file of its name. */
export function tree(inner: Reporter, directory: string, secrets: Secrets): Reporter {
  const tasks = new Map<string, TaskInfo>()
  return {
    onEvent(event) {
      inner.onEvent(event)
      if (event.type === 'task-start') tasks.set(event.task, event)
      if (event.type === 'result') write(directory, event.host, secrets.redact(showJson(shownOutputs(event.result, tasks.get(event.task)?.action ?? '', 0))))
    },
    end: () => inner.end(),
  }
}

/** A host's name may hold what a path must not. */
function write(directory: string, host: string, text: string): void {
  try {
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, host.replaceAll('/', '_')), text)
  } catch (error) {
    throw new Problem({ code: 'tree-unwritable', summary: 'A result cannot be written', detail: (error as Error).message })
  }
}
