interface Arc {
  readonly to: number
  /** What is left of the capacity. */
  room: number
  readonly cost: number
  readonly back: number
}

/**
 * Minimum-cost flow with whole numbers, by successive shortest paths (SPFA, so negative costs are fine as long as the
 * first graph has no negative circle). The order in which arcs were added breaks ties: the same graph gives the same flow.
 */
export class MinCostFlow {
  readonly #arcs: Arc[][] = []
  readonly #handles: [node: number, index: number, capacity: number][] = []

  node(): number {
    return this.#arcs.push([]) - 1
  }

  /** Adds an arc; the number is its handle for `used`. */
  arc(from: number, to: number, capacity: number, cost = 0): number {
    const forth = this.#arcs[from]!
    const back = this.#arcs[to]!
    forth.push({ to, room: capacity, cost, back: back.length })
    back.push({ to: from, room: 0, cost: -cost, back: forth.length - 1 })
    return this.#handles.push([from, forth.length - 1, capacity]) - 1
  }

  /** How much flows over an arc. */
  used(handle: number): number {
    const [node, index, capacity] = this.#handles[handle]!
    return capacity - this.#arcs[node]![index]!.room
  }

  /** Sends as much as fits, at most `limit`; returns what was sent and its cost. */
  send(source: number, sink: number, limit: number): { readonly sent: number; readonly cost: number } {
    let sent = 0
    let cost = 0
    while (sent < limit) {
      const path = this.#shortestPath(source, sink)
      if (!path) break
      const amount = Math.min(limit - sent, ...path.map((arc) => arc.room))
      for (const arc of path) {
        arc.room -= amount
        this.#arcs[arc.to]![arc.back]!.room += amount
        cost += amount * arc.cost
      }
      sent += amount
    }
    return { sent, cost }
  }

  #shortestPath(source: number, sink: number): Arc[] | undefined {
    const distance = new Array<number>(this.#arcs.length).fill(Infinity)
    const arrived: ([from: number, arc: Arc] | undefined)[] = new Array(this.#arcs.length)
    const queued = new Uint8Array(this.#arcs.length)
    const queue = [source]
    distance[source] = 0
    for (let next = 0; next < queue.length; next++) {
      const node = queue[next]!
      queued[node] = 0
      for (const arc of this.#arcs[node]!) {
        if (arc.room === 0 || distance[node]! + arc.cost >= distance[arc.to]!) continue
        distance[arc.to] = distance[node]! + arc.cost
        arrived[arc.to] = [node, arc]
        if (!queued[arc.to]) queue.push(arc.to)
        queued[arc.to] = 1
      }
    }
    if (distance[sink] === Infinity) return undefined
    const path: Arc[] = []
    for (let node = sink; node !== source; ) {
      const [from, arc] = arrived[node]!
      path.push(arc)
      node = from
    }
    return path
  }
}
