/** Offsets are those of the token a message should point at. */
export type Target =
  | { readonly kind: 'name'; readonly name: string; readonly offset: number }
  | { readonly kind: 'member'; readonly namespace: string; readonly attribute: string; readonly offset: number }
  | { readonly kind: 'unpack'; readonly items: readonly Target[]; readonly offset: number }

export interface Arguments {
  readonly positional: readonly Expression[]
  readonly keywords: readonly (readonly [string, Expression])[]
  /** `*list` and `**dict`. */
  readonly spread: Expression | undefined
  readonly spreadKeywords: Expression | undefined
}

export type Expression = { readonly offset: number } & (
  | { readonly kind: 'constant'; readonly value: null | boolean | string }
  | { readonly kind: 'int'; readonly text: string }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'list' | 'tuple'; readonly items: readonly Expression[] }
  | { readonly kind: 'dict'; readonly items: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: 'attribute'; readonly of: Expression; readonly name: string }
  | { readonly kind: 'item'; readonly of: Expression; readonly key: Expression }
  | { readonly kind: 'slice'; readonly of: Expression; readonly from: Expression | undefined; readonly to: Expression | undefined; readonly step: Expression | undefined }
  | { readonly kind: 'call'; readonly callee: Expression; readonly args: Arguments }
  | FilterExpression
  | { readonly kind: 'test'; readonly of: Expression; readonly name: string; readonly args: Arguments; readonly negated: boolean }
  | { readonly kind: 'sign'; readonly operator: string; readonly of: Expression }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'concat'; readonly items: readonly Expression[] }
  | { readonly kind: 'compare'; readonly first: Expression; readonly rest: readonly (readonly [string, Expression])[] }
  | { readonly kind: 'inline-if'; readonly test: Expression; readonly then: Expression; readonly otherwise: Expression | undefined }
)
/** `of` is missing at the head of `{% filter … %}`: it takes the block's text. */
export type FilterExpression = {
  readonly kind: 'filter'
  readonly offset: number
  readonly of: Expression | undefined
  readonly name: string
  readonly args: Arguments
}

export interface MacroParameter {
  readonly name: string
  readonly fallback: Expression | undefined
}

export type Statement = { readonly offset: number } & (
  | { readonly kind: 'data'; readonly text: string }
  | { readonly kind: 'output'; readonly expression: Expression }
  | { readonly kind: 'if'; readonly arms: readonly (readonly [Expression, Body])[]; readonly otherwise: Body | undefined }
  | {
      readonly kind: 'for'
      readonly target: Target
      readonly over: Expression
      readonly test: Expression | undefined
      readonly body: Body
      readonly otherwise: Body | undefined
      readonly recursive: boolean
    }
  | { readonly kind: 'set'; readonly target: Target; readonly expression: Expression }
  | { readonly kind: 'set-block'; readonly target: Target; readonly filter: FilterExpression | undefined; readonly body: Body }
  | { readonly kind: 'with'; readonly items: readonly (readonly [Target, Expression])[]; readonly body: Body }
  | { readonly kind: 'filter-block'; readonly filter: FilterExpression; readonly body: Body }
  | { readonly kind: 'macro'; readonly name: string; readonly params: readonly MacroParameter[]; readonly body: Body }
  | { readonly kind: 'call-block'; readonly call: Expression & { kind: 'call' }; readonly params: readonly MacroParameter[]; readonly body: Body }
  | { readonly kind: 'include'; readonly name: Expression; readonly ignoreMissing: boolean; readonly withContext: boolean }
  | { readonly kind: 'import'; readonly name: Expression; readonly as: string; readonly withContext: boolean }
  | { readonly kind: 'from'; readonly name: Expression; readonly names: readonly (readonly [string, string])[]; readonly withContext: boolean }
  | { readonly kind: 'extends'; readonly name: Expression }
  | { readonly kind: 'block'; readonly name: string; readonly body: Body }
)
export type Body = readonly Statement[]
