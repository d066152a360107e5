import type { Outputs } from './define-module.ts'

/**
 * How a probe or plan says that the task fails: thrown, caught by the engine alone and turned into the task's failed result,
 * a value. `message` becomes `msg`.
 */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly outputs: Outputs
  constructor(message: string, outputs: Outputs = {}) {
    super(message)
    this.outputs = outputs
  }
}

export function fail(message: string, outputs: Outputs = {}): never {
  throw new Failure(message, outputs)
}
