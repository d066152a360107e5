/**
 * Shell text that ends the children of a process, and theirs; `itself`: also that process, first, so that it starts nothing more.
 * They are asked to (TERM), and made to (KILL) after two seconds. Needs neither ps nor setsid, which small systems lack, where
 * there is a /proc.
 */
export const killScript = (pids: readonly number[], itself: boolean): string => `tree=' ${pids.join(' ')} '; roots=$tree
${PARENTS}
${DESCENDANTS}
${itself ? 'kill -KILL $roots 2>/dev/null' : ''}
young=
for p in $tree; do case $roots in *" $p "*) ;; *) young="$young $p" ;; esac; done
[ -n "$young" ] || exit 0
kill -TERM $young 2>/dev/null
i=0
while [ $i -lt 20 ]; do
  left=
  for p in $young; do
    kill -0 $p 2>/dev/null || continue
    # In a container without an init, who ended stays on as a zombie.
    l=; { IFS= read -r l </proc/$p/stat; } 2>/dev/null
    case \${l##*) } in Z*) ;; *) left="$left $p" ;; esac
  done
  [ -n "$left" ] || exit 0
  sleep 0.1 2>/dev/null || { sleep 1; i=$((i + 9)); }
  i=$((i + 1))
done
kill -KILL $left 2>/dev/null
exit 0`

// `pid:parent` of every process. In /proc/PID/stat the name, between parentheses, may hold anything: what counts follows the last one.
const PARENTS = `all=
for s in /proc/[0-9]*/stat; do
  { IFS= read -r l <"$s"; } 2>/dev/null || continue
  p=\${s#/proc/}
  set -- \${l##*) }
  all="$all \${p%/stat}:$2"
done
[ -n "$all" ] || all=$(ps -A -o pid= -o ppid= | while read -r p q; do printf ' %s:%s' "$p" "$q"; done)`

const DESCENDANTS = `more=1
while [ $more = 1 ]; do
  more=0
  for e in $all; do
    case $tree in *" \${e%:*} "*) continue ;; esac
    case $tree in *" \${e#*:} "*) tree="$tree\${e%:*} "; more=1 ;; esac
  done
done`
