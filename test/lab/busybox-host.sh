#!/bin/sh
# A directory with nothing but the applets of one busybox, as a host of Alpine has them:
#   test/lab/busybox-host.sh DIRECTORY
# DIRECTORY/busybox is static, so the directory may be copied to any Linux of this architecture and be a PATH there.
# Debian's own busybox has no adduser, addgroup, deluser, delgroup, chpasswd and passwd: this one is built from its source
# package (about a minute, once), and kept in TUTTI_BUSYBOX, by default below the directory for temporary files.
# Needs gcc, make, dpkg-dev and apt; changes nothing of this machine's packages or package lists.
set -eu
[ $# = 1 ] || { echo "usage: $0 DIRECTORY" >&2; exit 2; }
kept=${TUTTI_BUSYBOX:-${TMPDIR:-/tmp}/tutti-busybox-$(id -u)}
mkdir -p "$kept" "$1"

build() {
  work=$kept/work
  rm -rf "$work"; mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/src"
  . /etc/os-release
  release=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' | awk -v codename="$VERSION_CODENAME" '$2 == codename && $3 == "main" { print $1, $2, $3; exit }')
  echo "deb-src ${release:-http://deb.debian.org/debian/ $VERSION_CODENAME main}" > "$work/sources.list"
  set -- -q -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=
  apt-get "$@" update
  (cd "$work/src" && apt-get "$@" source busybox)
  cd "$work"/src/busybox-*/
  make defconfig >/dev/null
  # Traffic control does not compile with the headers of newer kernels, and no module asks for it.
  for option in STATIC=y FEATURE_PREFER_APPLETS=n TC=n FEATURE_INETD_RPC=n DEBUG_SANITIZE=n WERROR=n BUILD_LIBBUSYBOX=n; do
    name=${option%=*}
    sed -i "/^CONFIG_$name=/d; /^# CONFIG_$name is not set/d" .config
    case $option in *=n) echo "# CONFIG_$name is not set" >> .config ;; *) echo "CONFIG_$option" >> .config ;; esac
  done
  yes '' | make oldconfig >/dev/null 2>&1 || :
  nice make -j"$(nproc)" >"$work/make.log" 2>&1 || { tail -n 20 "$work/make.log"; exit 1; }
  mv busybox "$kept/busybox.new"
  mv "$kept/busybox.new" "$kept/busybox"
  cd "$kept"; rm -rf "$work"
}

# Two tests that start together build once.
exec 9>"$kept/lock"
flock 9
[ -x "$kept/busybox" ] || (build) >&2
flock -u 9
cp "$kept/busybox" "$1/busybox"
for applet in $("$1/busybox" --list); do [ "$applet" = busybox ] || ln -sf busybox "$1/$applet"; done
