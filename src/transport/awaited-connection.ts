import type { Become, Connection, Shell, Traffic } from './connection.ts'

/** A connection to a host that does not answer yet: everything rejects with `first` until `again` has reached it. */
export function awaitedConnection(open: () => Promise<Connection>, first: Error): Connection {
  let inner: Connection | undefined
  const reached = (): Connection => {
    if (!inner) throw first
    return inner
  }
  const nothing: Traffic = { roundTrips: 0, bytesSent: 0, bytesReceived: 0, waited: 0 }
  return {
    get name() { return inner?.name ?? 'a host that is waited for' },
    get traffic() { return inner?.traffic ?? nothing },
    shell: (become?: Become): Shell => ({ run: async (script, options) => reached().shell(become).run(script, options) }),
    pipeIn: async (script, content, become) => reached().pipeIn(script, content, become),
    pipeOut: (script, become) => reached().pipeOut(script, become),
    pipeBoth: (script, content, become) => reached().pipeBoth(script, content, become),
    forward: async (address, port) => reached().forward(address, port),
    // The run's own connection to the host: whoever opened it closes it.
    again: async () => void (inner = await open()),
    interrupt: async () => inner?.interrupt(),
    close: () => Promise.resolve(),
  }
}
