import { readFileSync } from 'node:fs'
import { runProgram } from '../../src/lab/run-program.ts'
import { labDriverContract } from '../contracts/lab-driver.ts'
import type { TestLab } from './with-lab.ts'

/** Every line in which this machine speaks of the lab: mounts, links, addresses, rules, processes, control groups. */
function watch({ lab }: TestLab) {
  const bridge = lab.host('n1').address!.replace(/\.\d+$/, '.')
  const machines = ['n1', 'n_2', 'n3'].map((name) => lab.host(name).instance)
  const words = [lab.directory, bridge, ...machines]
  return async (): Promise<readonly string[]> => {
    const commands = [['ip', '-o', 'addr'], ['ip', '-o', 'link'], ['iptables-save'], ['ps', '-eo', 'args'], ['find', '/sys/fs/cgroup', '-maxdepth', '2']]
    const texts = await Promise.all(commands.map(async (argv) => (await runProgram(argv)).stdout))
    return [readFileSync('/proc/self/mounts', 'utf8'), ...texts].flatMap((text) => text.split('\n').filter((line) => words.some((word) => line.includes(word))))
  }
}

labDriverContract('nspawn', watch)
