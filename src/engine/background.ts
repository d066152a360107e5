import type { Run } from './run.ts'
import type { TaskResult } from './task-result.ts'

interface Entry {
  readonly work: Promise<TaskResult>
  result: TaskResult | undefined
}

/** Tasks that go on while the play does (`async` with `poll: 0`), as far as it is this run that carries them out. By place and id of the job. */
export class Background {
  readonly #entries = new Map<string, Entry>()

  add(place: string, work: Promise<TaskResult>): void {
    const entry: Entry = { work, result: undefined }
    this.#entries.set(place, entry)
    work.then((result) => (entry.result = result), () => undefined)
  }

  has(place: string): boolean {
    return this.#entries.has(place)
  }

  /** How it ended; undefined while it is at work. What broke the task breaks whoever asks. */
  async look(place: string): Promise<TaskResult | undefined> {
    const entry = this.#entries.get(place)!
    // A turn, so that what is ready counts as ended.
    return Promise.race([entry.work, new Promise<undefined>((resolve) => setImmediate(resolve, undefined))])
  }

  remove(place: string): void {
    this.#entries.delete(place)
  }

  /** The end of the run is the end of these: it waits for them, unless people want to go. */
  async settle({ emit, signal }: Pick<Run, 'emit' | 'signal'>): Promise<void> {
    const left = [...this.#entries.values()].filter(({ result }) => result === undefined)
    if (left.length === 0 || signal.aborted) return
    emit({ type: 'warning', text: left.length === 1 ? 'one task is still at work in the background; the run ends when it does' : `${left.length} tasks are still at work in the background; the run ends when they do` })
    const gone = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    await Promise.race([Promise.allSettled(left.map(({ work }) => work)), gone])
  }
}
