// Plain words need no quotes; everything else goes between single quotes, in which a POSIX shell interprets nothing.
const PLAIN = /^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*$/

/** One word for a POSIX shell, whatever it contains (but NUL, which no shell can carry). */
export const quote = (word: string): string => (PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)

// As a program's name, `A=1` would be an assignment and `if` the beginning of a statement.
const SPECIAL_FIRST = /=|^(?:if|then|else|elif|fi|do|done|case|esac|while|until|for|in|function|select|time)$/

/** An argument list as one line of shell. */
export const commandLine = (argv: readonly string[]): string =>
  argv.map((word, index) => (index === 0 && SPECIAL_FIRST.test(word) && PLAIN.test(word) ? `'${word}'` : quote(word))).join(' ')
