import { Problems } from '../problem/problem.ts'

/** Mistakes that end the run wherever they are met: no rescue catches them. */
export class EndOfRun extends Problems {}
