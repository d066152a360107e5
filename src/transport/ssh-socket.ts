import type { Duplex } from 'node:stream'
import { connect as connectTcp, isIP } from 'node:net'
import { Problem } from '../problem/problem.ts'
import { channelStream } from './channel-stream.ts'
import { childChannel } from './child-channel.ts'
import type { Connection } from './connection.ts'
import { networkProblem, noAnswer, unreachableBehind } from './ssh-problem.ts'
import type { SshSettings } from './ssh-settings.ts'

/** The bytes' way to the ssh server: TCP, through the host before it, or through a program. */
export function openSocket(settings: SshSettings, where: string, through: Connection | undefined): Promise<Duplex> {
  if (through) return throughJump(settings, where, through)
  if (settings.proxyCommand !== undefined) return Promise.resolve(proxySocket(settings.proxyCommand))
  return tcpSocket(settings, where)
}

async function throughJump({ hostName, port }: SshSettings, where: string, through: Connection): Promise<Duplex> {
  try {
    return await through.forward(hostName, port)
  } catch (error) {
    if (error instanceof Problem) throw unreachableBehind(where, through.name, error.detail ?? error.summary)
    throw error
  }
}

function tcpSocket({ hostName, port, family, connectTimeout }: SshSettings, where: string): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>()
  const socket = connectTcp({ host: hostName, port, family, noDelay: true, autoSelectFamily: family === 0 && isIP(hostName) === 0 })
  const timer = setTimeout(() => {
    socket.destroy()
    reject(noAnswer(where, `no answer within ${connectTimeout} s`))
  }, connectTimeout * 1000)
  socket.once('error', (error: NodeJS.ErrnoException & { errors?: NodeJS.ErrnoException[] }) => {
    clearTimeout(timer)
    // With several addresses tried, the reasons of each are inside.
    reject(networkProblem(where, error.errors?.[0] ?? error))
  })
  socket.once('connect', () => {
    clearTimeout(timer)
    resolve(socket)
  })
  return promise
}

const proxySocket = (command: string): Duplex => channelStream(childChannel('/bin/sh', ['-c', `exec ${command}`]))
