/**
 * One parameter of a module: from this single declaration come the TypeScript type, the JSON schema, run-time validation
 * and the documentation. `T` is the type after conversion; it is only a type, never present at run time.
 */
export interface Field<T = unknown> {
  readonly type: 'text' | 'choice' | 'flag' | 'integer' | 'number' | 'path' | 'raw' | 'list' | 'record' | 'mode' | 'file' | 'bytes'
  readonly doc: string
  readonly required: boolean
  readonly aliases: readonly string[]
  readonly choices?: readonly string[]
  readonly default?: unknown
  /** Items of a list, fields of a record. */
  readonly items?: Field
  readonly fields?: Fields
  /** Never shown in output, diffs or logs. */
  readonly secret: boolean
  /** It may hold secrets, but is none as a whole: `-vvv` does not show it among the arguments. */
  readonly hidden?: true
  /** Of `file`: the subdirectory of roles where relative names are looked for, and whether the text is rendered. */
  readonly file?: { readonly directory: 'files' | 'templates'; readonly render: boolean; readonly optional: boolean; readonly words?: boolean; readonly onHost?: boolean; readonly tree?: boolean; readonly many?: boolean }
  /** Of `list`: an empty text is an item of it, not an empty list. */
  readonly emptyCounts?: true
  /** Accepted for compatibility where it has no meaning here; the sentence says why. Shown by `tutti doc`. */
  readonly inert?: string
  /** A variable of the host that gives it where the task does not. */
  readonly variable?: string
  readonly $type?: T
}
export type Fields = Readonly<Record<string, Field>>

interface Options<T> {
  readonly required?: boolean
  readonly aliases?: readonly string[]
  readonly default?: T
  readonly secret?: boolean
  readonly hidden?: true
  readonly emptyCounts?: true
  readonly inert?: string
  readonly variable?: string
}
type Required_ = { readonly required: true }
type Defaulted = { readonly default: unknown }
/** Required fields and those with a default are always there. */
type Present<T, O> = O extends Required_ | Defaulted ? T : T | undefined

const field = (type: Field['type'], doc: string, options: Options<unknown> = {}, rest: Partial<Field> = {}): Field => ({
  type, doc, required: options.required ?? false, aliases: options.aliases ?? [], secret: options.secret ?? false, ...(options.hidden ? { hidden: true } : {}), ...(options.emptyCounts ? { emptyCounts: true } : {}),
  ...(options.default === undefined ? {} : { default: options.default }), ...(options.inert === undefined ? {} : { inert: options.inert }), ...(options.variable === undefined ? {} : { variable: options.variable }), ...rest,
})

/** Any text; numbers and booleans become text as Ansible writes them. */
export const text = <const O extends Options<string>>(doc: string, options?: O) => field('text', doc, options) as Field<Present<string, O>>
/** One of a few words. */
export const choice = <const C extends readonly string[], const O extends Options<C[number]>>(choices: C, doc: string, options?: O) => field('choice', doc, options, { choices }) as Field<Present<C[number], O>>
/** yes/no, in all of Ansible's spellings. */
export const flag = <const O extends Options<boolean>>(doc: string, options?: O) => field('flag', doc, options) as Field<Present<boolean, O>>
export const integer = <const O extends Options<number>>(doc: string, options?: O) => field('integer', doc, options) as Field<Present<number, O>>
export const number = <const O extends Options<number>>(doc: string, options?: O) => field('number', doc, options) as Field<Present<number, O>>
/** A path on the host; a leading `~` and `$HOME` are expanded for the task's user. */
export const path = <const O extends Options<string>>(doc: string, options?: O) => field('path', doc, options) as Field<Present<string, O>>
/** Permissions: octal text or number, or symbolic text like `u=rw,g=r`. */
export const mode = <const O extends Options<string>>(doc: string, options?: O) => field('mode', doc, options) as Field<Present<string, O>>
/** Whatever was given, as a `Value`. */
export const raw = <const O extends Options<import('../value/value.ts').Value>>(doc: string, options?: O) => field('raw', doc, options) as Field<Present<import('../value/value.ts').Value, O>>
/** A list; text is split at commas, and a single item becomes a list of one, as Ansible does. */
export const list = <T, const O extends Options<readonly T[]>>(items: Field<T>, doc: string, options?: O) => field('list', doc, options, { items }) as Field<Present<readonly NonNullable<T>[], O>>
/** A dict with declared fields. */
export const record = <F extends Fields, const O extends Options<never>>(fields: F, doc: string, options?: O) => field('record', doc, options, { fields }) as Field<Present<Params<F>, O>>
interface ControllerFileOptions {
  readonly render?: boolean
  /** The text is a command line: its first word is the file, the rest are arguments. */
  readonly words?: boolean
  /** The file is on the host unless `remote_src` is false. */
  readonly onHost?: boolean
  /** It may be a directory, of which all is read. */
  readonly tree?: boolean
}

/**
 * A file of the controller: found in the role's and playbook's directories, read, and rendered where `render` says so,
 * before the module sees it. The module receives a `ControllerFile`.
 */
export const controllerFile = <const O extends Options<never>>(directory: 'files' | 'templates', doc: string, options?: O & ControllerFileOptions) =>
  field('file', doc, options, { file: { directory, render: options?.render ?? false, optional: !(options?.required ?? false), ...(options?.words ? { words: true } : {}), ...(options?.onHost ? { onHost: true } : {}), ...(options?.tree ? { tree: true } : {}) } }) as Field<Present<ControllerFile, O>>

/** Several of them, rendered: one name, a dict with `path` and options of the template, or a list of both. The module receives a list. */
export const controllerTemplates = (doc: string) => field('file', doc, {}, { file: { directory: 'templates', render: true, optional: true, many: true } }) as Field<readonly ControllerFile[] | undefined>

/** A controller file as a module receives it. `directory` (a source tree) lists what is in it, relative to it. */
export interface ControllerFile {
  /** As written in the task. */
  readonly name: string
  /** Where it was found. */
  readonly path: string
  readonly kind: 'file' | 'directory'
  /** Permission bits on the controller, for `mode: preserve`. */
  readonly mode: number
  /** The content of a file: rendered text or bytes; undefined for a directory. An `Unknown` where rendering met one. */
  readonly content?: import('../value/content.ts').Content
  /** Of a directory, for parameters that take trees: relative paths of what is in it, directories before their content. */
  readonly entries?: readonly { readonly path: string; readonly kind: 'file' | 'directory' | 'link'; readonly mode: number; readonly target?: string; readonly content?: import('../value/content.ts').Content }[]
}

/** The parameters as a module receives them. */
export type Params<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never }
