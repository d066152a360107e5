// Plain words need no quotes; everything else goes between single quotes, in which a POSIX shell interprets nothing.
const PLAIN = /^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*$/

/** One word for a POSIX shell, whatever it contains (but NUL, which no shell can carry). */
export const quote = (word: string): string => (PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)

/** An argument list as one line of shell. */
export const commandLine = (argv: readonly string[]): string => argv.map(quote).join(' ')
