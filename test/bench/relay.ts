import { type Socket, connect, createServer } from 'node:net'

/**
 * A TCP relay on loopback that holds everything back for half of a round-trip time in each direction: what a distant host costs,
 * where the kernel has no netem. Bandwidth is not limited. Returns the port and what ends it.
 */
export async function delayingRelay(host: string, port: number, roundTripMs: number): Promise<{ readonly port: number; close(): void }> {
  const open = new Set<Socket>()
  const late = (from: Socket, to: Socket): void => {
    const after = (what: () => void): void => void setTimeout(what, roundTripMs / 2)
    from.on('data', (bytes) => after(() => to.destroyed || to.write(bytes)))
    from.on('end', () => after(() => to.end()))
    from.on('error', () => to.destroy())
    from.on('close', () => open.delete(from))
  }
  const server = createServer({ allowHalfOpen: true }, (near) => {
    // The three packets of connecting cost a round trip, too.
    setTimeout(() => {
      const far = connect({ host, port, allowHalfOpen: true, noDelay: true })
      for (const socket of [near.setNoDelay(), far]) open.add(socket)
      late(near, far)
      late(far, near)
    }, roundTripMs)
    near.on('error', () => near.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    close: () => (server.close(), open.forEach((socket) => socket.destroy())),
  }
}
