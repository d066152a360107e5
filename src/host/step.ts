import type { Effect } from './resource.ts'
import type { Act } from './act.ts'
import type { Content } from '../value/content.ts'
import type { Value } from '../value/value.ts'

/** Owner, group and mode as a task asks for them; what is missing stays as it is (or as the system makes it). */
export interface FileAttributes {
  readonly owner?: string
  readonly group?: string
  /** Permission bits, 0 to 0o7777. */
  readonly mode?: number
}

/**
 * What leads from one state to the next: data, taken by the engine alone, on the host in a real run and on the overlay in a dry run.
 * File steps change the overlay by what they are; `run` and `act` say what they leave behind in `effects`.
 */
export type Step =
  | RunStep
  | { readonly step: 'write'; readonly path: string; readonly content: Content; readonly attributes: FileAttributes; readonly backup?: string | true; readonly validate?: string; readonly unsafe?: boolean; readonly replaceLink?: boolean }
  | { readonly step: 'remove'; readonly path: string }
  | { readonly step: 'link'; readonly path: string; readonly target: string; readonly hard: boolean }
  | { readonly step: 'attributes'; readonly path: string; readonly attributes: FileAttributes; readonly follow: boolean }
  | { readonly step: 'mkdir'; readonly path: string; readonly attributes: FileAttributes }
  | { readonly step: 'touch'; readonly path: string; readonly accessed?: Date; readonly modified?: Date; readonly only?: 'accessed' | 'modified' }
  | { readonly step: 'act'; readonly sentence: string; readonly act: Act; readonly effects: readonly Effect[] }

export interface RunStep {
  readonly step: 'run'
  /** The program and its arguments, or a line for the shell. */
  readonly command: readonly string[] | string
  readonly effects: readonly Effect[]
  readonly options: RunOptions
}

export interface RunOptions {
  readonly stdin?: Uint8Array
  readonly directory?: string
  readonly environment?: Readonly<Record<string, string>>
  /** The shell that reads `command` where it is a line. */
  readonly executable?: string
  /** Exit codes that are no failure. Default [0]; 'any' leaves the judgement to the module's `result`. */
  readonly okay?: readonly number[] | 'any'
  /** Seconds. */
  readonly timeout?: number
  /** What people read instead of the command: for scripts of ours that lead up to it. */
  readonly sentence?: string
  /** What people read before the program's own words when it fails: "Unable to start service cron". */
  readonly failure?: string
  /** What the host does with files and services is not known (`command`, `shell`): later results of a dry run rest on the assumption that it leaves them alone. */
  readonly opaque?: boolean
  /** It may go on in the background, on the host by itself: what is kept of it for whoever asks how it ended. */
  readonly job?: { readonly cmd: Value; readonly strip: boolean }
}

/** Runs a program; `effects` is what it leaves behind, for the dry run and for the check that a plan came true. */
export const run = (command: readonly string[] | string, effects: readonly Effect[] = [], options: RunOptions = {}): RunStep => ({ step: 'run', command, effects, options })
/** `backup`: keeps the old file under that name, or (`true`) one with the time in it, which the reply tells. `unsafe`: writes in place where a rename fails. */
export interface WriteOptions {
  readonly backup?: string | true
  /** A command line that must succeed before the rename; `%s` is the new file. */
  readonly validate?: string
  readonly unsafe?: boolean
  /** A link at the path is replaced; otherwise the file behind it is written. */
  readonly replaceLink?: boolean
}

/** Writes a file through a temporary one beside it and a rename; missing attributes are kept from the old file. */
export const write = (path: string, content: Content, attributes: FileAttributes = {}, options: WriteOptions = {}): Step => ({ step: 'write', path, content, attributes, ...options })
/** Removes a file, link or whole directory. */
export const remove = (path: string): Step => ({ step: 'remove', path })
export const link = (path: string, target: string, hard = false): Step => ({ step: 'link', path, target, hard })
export const attributes = (path: string, wanted: FileAttributes, follow = true): Step => ({ step: 'attributes', path, attributes: wanted, follow })
/** Makes one directory; its parent must exist. */
export const mkdir = (path: string, wanted: FileAttributes = {}): Step => ({ step: 'mkdir', path, attributes: wanted })
/** Sets times; a missing one becomes now, unless `only` the other one is to be set. Makes an empty file where there is none. */
export const touch = (path: string, times: { accessed?: Date; modified?: Date; only?: 'accessed' | 'modified' } = {}): Step => ({ step: 'touch', path, ...times })
/** The rare thing that must talk while it works. Prints as its sentence. */
export const act = (sentence: string, perform: Act, effects: readonly Effect[] = []): Step => ({ step: 'act', sentence, act: perform, effects })

/** What a step answered: of `run` the exit code and output, of `act` what it returned. */
export interface StepReply {
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: Buffer
  readonly value?: unknown
  /** When it began and ended, for `start`, `end` and `delta` of results. */
  readonly started: Date
  readonly ended: Date
}
