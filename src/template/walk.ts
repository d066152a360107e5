import type { Expression, Statement } from './syntax-tree.ts'

export type Node = Expression | Statement

/** Every node of a tree, the outer ones first. */
export function* walk(tree: unknown): Generator<Node> {
  if (typeof tree !== 'object' || tree === null) return
  if (Array.isArray(tree)) {
    for (const item of tree) yield* walk(item)
    return
  }
  if ('kind' in tree && 'offset' in tree) yield tree as Node
  for (const part of Object.values(tree)) yield* walk(part)
}

/** Whether a name is read anywhere in a tree. */
export const usesName = (tree: unknown, name: string): boolean => walk(tree).some((node) => node.kind === 'variable' && node.name === name)
