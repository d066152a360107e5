#!/bin/sh
# The cases of modules on a host that has nothing but busybox, as Alpine without further packages:
#   test/modules/on-busybox.sh [MODULE …]
# The host is a directory with its own /etc, in namespaces of its own: nothing of this machine is changed. Root on Linux.
set -eu
cd "$(dirname "$0")/../.."
repository=$PWD modules=$(readlink -f node_modules) node=$(readlink -f node_modules/.bin/node)
root=$(mktemp -d); trap 'rm -rf -- "$root"' EXIT; trap 'exit 143' HUP INT TERM
mkdir -p "$root/bin" "$root/usr" "$root/etc/init.d" "$root/etc/skel" "$root/usr/local/bin" "$root/home" "$root/root" "$root/var/mail" "$root/proc" "$root/dev" "$root/tmp" "$root/run" "$root$repository" "$root$modules" "$root/opt/node"
test/lab/busybox-host.sh "$root/bin"
# Alpine's own has no package managers of others.
rm -f "$root/bin/rpm" "$root/bin/rpm2cpio" "$root/bin/dpkg" "$root/bin/dpkg-deb"
# What is said of a missing program is said of wget, too.
[ "${TUTTI_CASES:-}" != lacking ] || rm -f "$root/bin/wget"
for link in sbin usr/bin usr/sbin; do ln -s /bin "$root/$link"; done
# What node and Vitest are linked to; no program of the host is.
ldd "$node" "$modules"/@rolldown/*/*.node | grep -o '/lib[^ ]*' | sort -u | while read -r library; do mkdir -p "$root$(dirname "$library")"; cp -L "$library" "$root$library"; done
cp "$node" "$root/opt/node/node"
printf 'root:x:0:0:root:/root:/bin/ash\ndaemon:x:2:2:daemon:/sbin:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n' > "$root/etc/passwd"
printf 'root:*::0:::::\ndaemon:!::0:::::\nnobody:!::0:::::\n' > "$root/etc/shadow"; chmod 640 "$root/etc/shadow"
printf 'root:x:0:root\ndaemon:x:2:root,daemon\nadm:x:4:root\nwheel:x:10:root\naudio:x:18:\nvideo:x:27:root\nusers:x:100:\nnogroup:x:65533:\nnobody:x:65534:\n' > "$root/etc/group"
printf '/bin/sh\n/bin/ash\n' > "$root/etc/shells"; printf 'welcome\n' > "$root/etc/skel/.profile"; printf '127.0.0.1 localhost\n' > "$root/etc/hosts"
reporter=; [ -n "${TUTTI_TEST_JSON:-}" ] || reporter='--reporter=dot --hideSkippedTests '
pattern=$(IFS='|'; echo "$*")
cat > "$root/start" <<START
mount -t proc proc /proc
mount -t tmpfs tmpfs /dev
for d in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do n=\${d%%:*} r=\${d#*:}; mknod -m 666 /dev/\$n c \${r%:*} \${r#*:}; done
ln -s /proc/self/fd /dev/fd; mkdir /dev/shm
ip link set lo up
cd '$repository'
exec env -i PATH=/usr/local/bin:/bin HOME=/root SHELL=/bin/ash TUTTI_SPARE_HOST=1 ${TUTTI_CASES:+TUTTI_CASES=$TUTTI_CASES} ${TUTTI_TEST_JSON:+TUTTI_TEST_JSON=/told.json} /opt/node/node '$modules/vitest/vitest.mjs' run test/modules/cases.test.ts --configLoader=runner --cache=false ${reporter}${pattern:+-t '^($pattern) '}
START
unshare -mpfiun --propagation private sh -c 'mount --bind "$2" "$1$2" && mount -o remount,bind,ro "$1$2" && { [ "$2/node_modules" = "$3" ] || { mount --bind "$3" "$1$3" && mount -o remount,bind,ro "$1$3"; }; } && exec chroot "$1" /bin/ash /start' sh "$root" "$repository" "$modules" && code=0 || code=$?
[ -z "${TUTTI_TEST_JSON:-}" ] || cp "$root/told.json" "$TUTTI_TEST_JSON"
exit $code
