import { type Problem, problemsOf } from './problem.ts'

/** Does a piece of work; what is wrong with it joins the problems found before, and the answer is `undefined`. A defect of ours is thrown on. */
export function collecting<T>(problems: Problem[], work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    const found = problemsOf(error)
    if (!found) throw error
    problems.push(...found)
    return undefined
  }
}
