/**
 * The secrets of a run: what vault, passwords and `no_log` brought in. Everything that leaves the process for people
 * (output, diffs, logs, errors) passes `redact`, which masks each secret and its common encodings and leaves the rest readable.
 */
export class Secrets {
  readonly #masks = new Set<string>()
  #pattern: RegExp | undefined

  /** Remembers a secret. Very short ones are left out: masking every `1` would make errors unreadable and hide nothing. */
  add(secret: string): void {
    for (const part of [secret, ...secret.split('\n')]) {
      const text = part.trim()
      if (text.length < 4) continue
      const base64 = Buffer.from(text).toString('base64')
      for (const mask of [text, base64.replace(/=+$/, ''), encodeURIComponent(text), JSON.stringify(text).slice(1, -1)]) this.#masks.add(mask)
    }
    this.#pattern = undefined
  }

  redact(text: string): string {
    if (this.#masks.size === 0) return text
    this.#pattern ??= new RegExp([...this.#masks].sort((a, b) => b.length - a.length).map(escape).join('|'), 'g')
    return text.replace(this.#pattern, '********')
  }
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
