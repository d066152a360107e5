/** An entry of a table by a name from outside: what every object inherits (`constructor`) is not one of ours. */
export const own = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined => (Object.hasOwn(table, name) ? table[name] : undefined)
