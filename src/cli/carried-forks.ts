import { totalmem } from 'node:os'

/** As many hosts at once as the machine carries: a connection with what is known of its host takes about two megabytes. */
export const carriedForks = (memory = totalmem()): number => Math.min(1000, Math.max(5, Math.floor(memory / 8 / (2 * 2 ** 20))))
