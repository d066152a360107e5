import type { Readable, Writable } from 'node:stream'
import { Problem } from '../problem/problem.ts'

interface Keyboard {
  readonly input: Readable & { readonly setRawMode?: (raw: boolean) => unknown }
  readonly output: Writable
  readonly secret: boolean
  /** Ends by itself after so long; then enter does not end it. */
  readonly seconds: number | undefined
}

/** Waits for enter, or for a time. What is typed meanwhile is the answer; Ctrl-C asks whether to go on or to abort, which is a problem. */
export function pauseAt(question: string, { input, output, secret, seconds }: Keyboard): Promise<string> {
  output.write(question)
  return new Promise((resolve, reject) => {
    let typed = ''
    let interrupted = false
    let over = false
    const end = (settle: () => void): void => {
      over = true
      clearTimeout(timer)
      input.off('data', onKeys)
      input.setRawMode?.(false)
      input.pause()
      settle()
    }
    const timer = seconds === undefined ? undefined : setTimeout(() => end(() => resolve('')), seconds * 1000)
    const show = (text: string): void => void (secret || seconds !== undefined || output.write(text))
    const onKey = (key: string): void => {
      if (interrupted) {
        if (/c/i.test(key)) end(() => resolve(''))
        else if (/a/i.test(key)) end(() => reject(new Problem({ code: 'aborted', summary: 'user requested abort!' })))
      } else if (key === '\x03') {
        interrupted = true
        output.write("\nPress 'C' to continue the play or 'A' to abort \r\n")
      } else if (key === '\r' || key === '\n') {
        if (seconds === undefined) end(() => (output.write('\n'), resolve(typed)))
      } else if (key === '\x7f' || key === '\b') {
        if (typed !== '') show('\b \b')
        typed = [...typed].slice(0, -1).join('')
      } else if (key >= ' ') {
        typed += key
        show(key)
      }
    }
    const onKeys = (keys: Buffer | string): void => {
      for (const key of keys.toString()) {
        if (over) break
        onKey(key)
      }
    }
    input.setRawMode?.(true)
    input.on('data', onKeys)
    input.resume()
  })
}
