import { NO_TRAFFIC, addTraffic } from '../transport/traffic-meter.ts'
import type { Cost, Leg, ProfiledTask, RunEvent } from './event.ts'

interface Ended {
  readonly host: string
  readonly task: string
  readonly from: number
  readonly to: number
  /** Hosts of its play do not wait for one another. */
  readonly free: boolean
}

/** Of a task that has not begun. */
export const NOTHING: Cost = { ...NO_TRAFFIC, connecting: 0 }
/** Both together. */
export const sum = (a: Cost, b: Cost): Cost => ({ ...addTraffic(a, b), connecting: a.connecting + b.connecting })

/** Where the time of a run goes, from its events: by host, by task, and along the chain of results that nothing could have shortened. */
export class Profile {
  readonly #started = performance.now()
  readonly #names = new Map<string, string>()
  readonly #tasks = new Map<string, { seconds: number; cost: Cost; cpu: number }>()
  readonly #hosts = new Map<string, { seconds: number; cost: Cost }>()
  readonly #ended: Ended[] = []
  #free = false
  #current: string | undefined
  #cpu = process.cpuUsage()

  see(event: RunEvent): void {
    if (event.type === 'play-start') this.#free = event.free === true
    else if (event.type === 'task-start') this.#begin(event.task, event.name)
    else if (event.type === 'result') this.#end(event.host, event.task, event.result.seconds, event.result.cost ?? NOTHING)
  }

  summary(): Extract<RunEvent, { type: 'profile' }> {
    this.#sliceCpu()
    const { user, system } = process.cpuUsage()
    const tasks = [...this.#tasks].map(([task, { seconds, cost, cpu }]): ProfiledTask => ({ task, name: this.#names.get(task) ?? '', seconds, cpu, ...cost }))
    return { type: 'profile', seconds: (performance.now() - this.#started) / 1000, cpu: (user + system) / 1e6, tasks, hosts: new Map([...this.#hosts].map(([host, { seconds, cost }]) => [host, { seconds, ...cost }])), path: this.#path() }
  }

  #begin(task: string, name: string): void {
    this.#sliceCpu()
    this.#names.set(task, name)
    this.#current = task
  }

  /** What this process worked since belongs to the task that was announced last. */
  #sliceCpu(): void {
    const now = process.cpuUsage()
    const spent = (now.user + now.system - this.#cpu.user - this.#cpu.system) / 1e6
    this.#cpu = now
    if (this.#current !== undefined) this.#of(this.#current).cpu += spent
  }

  #of(task: string) {
    let found = this.#tasks.get(task)
    if (!found) this.#tasks.set(task, (found = { seconds: 0, cost: NOTHING, cpu: 0 }))
    return found
  }

  #end(host: string, task: string, seconds: number, cost: Cost): void {
    const to = (performance.now() - this.#started) / 1000
    this.#ended.push({ host, task, from: to - seconds, to, free: this.#free })
    const mine = this.#of(task)
    this.#tasks.set(task, { ...mine, seconds: mine.seconds + seconds, cost: sum(mine.cost, cost) })
    const before = this.#hosts.get(host) ?? { seconds: 0, cost: NOTHING }
    this.#hosts.set(host, { seconds: before.seconds + seconds, cost: sum(before.cost, cost) })
  }

  /** Backwards from the last result: what it had to wait for is the result that ended last before it began, of any host where hosts keep in step from task to task. */
  #path(): readonly Leg[] {
    const path: Leg[] = []
    for (let next = this.#ended.at(-1); next; ) {
      const { host, task, from, to, free }: Ended = next
      path.push({ host, task, name: this.#names.get(task) ?? '', seconds: to - from })
      next = this.#ended.findLast((one) => one.to <= from && (free ? one.host === host : one.task !== task))
    }
    return path.reverse()
  }
}
