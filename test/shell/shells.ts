/** The three shells a host may have as /bin/sh, reading a script from their input. */
export const shells: readonly { readonly name: string; readonly argv: readonly string[] }[] = [
  { name: 'dash', argv: ['/bin/dash'] },
  { name: 'bash', argv: ['/bin/bash'] },
  { name: 'busybox ash', argv: ['/bin/busybox', 'ash'] },
]
