#!/bin/bash
# build.sh [VERSION …]: makes release directories as k3s publishes them, from Go modules, in ${TUTTI_K3S_CACHE:-~/.cache/tutti/k3s}/release/VERSION.
# Without arguments both versions. May be stopped and started again: what was built stays. The first time takes half an hour or more on two cores.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${TUTTI_K3S_CACHE:-$HOME/.cache/tutti/k3s}
all=(v1.34.2+k3s1 v1.33.13+k3s1)
mkdir -p "$cache"
exec 9>"$cache/lock"
flock -n 9 || { echo "another build is at work: waiting"; flock 9; }
# All heavy work yields to everything else on the machine.
go() { nice -n 19 "$(command -v go)" "$@"; }
# What another environment of Go says of modes and vendoring is not for these modules; its proxy and checksum settings are.
export GOWORK=off GOFLAGS=-mod=readonly

# lay PART: a copy of the part's sources to build in, so that nothing is written in the repository.
lay() {
  rm -rf "$cache/src/$1" && mkdir -p "$cache/src/$1" "$cache/bin/$1"
  cp "$here/parts/${1%%@*}"/*.go "$cache/src/$1"
  local mod=go
  [[ $1 != *@* ]] || mod=${1#*@}
  cp "$here/parts/${1%%@*}/$mod.mod" "$cache/src/$1/go.mod"
  [[ ! -e $here/parts/${1%%@*}/$mod.sum ]] || cp "$here/parts/${1%%@*}/$mod.sum" "$cache/src/$1/go.sum"
}

# trim: Traefik without the programs' interfaces of a hundred clouds (ACME's DNS challenges, ECS). They are more than half of all that it
# compiles, and a lab has none of them.
trim() {
  local module
  for module in github.com/go-acme/lego/v4 github.com/traefik/traefik/v3; do
    cp -r "$(go mod download -json "$module" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')" "${module//\//-}"
    chmod -R u+w "${module//\//-}"
    go mod edit -replace="$module=./${module//\//-}"
  done
  rm -r github.com-go-acme-lego-v4/providers/dns github.com-traefik-traefik-v3/pkg/provider/ecs
  mkdir github.com-go-acme-lego-v4/providers/dns github.com-traefik-traefik-v3/pkg/provider/ecs
  cp "$here/parts/traefik/lego-dns.stub" github.com-go-acme-lego-v4/providers/dns/dns.go
  cp "$here/parts/traefik/ecs.stub" github.com-traefik-traefik-v3/pkg/provider/ecs/ecs.go
}

# part PART[@PINS] LINKER-FLAGS PACKAGE…: builds the packages into bin/PART[@PINS], unless the same was built before.
part() {
  local part=$1 flags=$2 sum
  shift 2
  local files=("$here/parts/${part%%@*}"/*)
  [[ $part != *@* ]] || files=("$here/parts/${part%%@*}/"{*.go,"${part#*@}".*})
  sum=$({ cat "${files[@]}"; echo "$flags $* ${CGO:-} ${TAGS:-}"; } | sha256sum | cut -c1-64)-$("$(command -v go)" env GOVERSION)
  if [[ $(cat "$cache/bin/$part.built" 2>/dev/null) == "$sum" ]]; then return; fi
  echo "building $part"
  lay "$part"
  [[ $part != traefik ]] || (cd "$cache/src/traefik" && trim)
  (cd "$cache/src/$part" && CGO_ENABLED=${CGO:-0} go build -buildvcs=false -trimpath ${TAGS:+-tags "$TAGS"} -ldflags "-s -w $flags" -o "$cache/bin/$part/" "$@")
  echo "$sum" >"$cache/bin/$part.built"
}

# kubernetes VERSION: all its parts and etcd in one program.
kubernetes() {
  local v=${1%+*} x=k8s.io/component-base/version
  local minor=${v#v1.}
  part "kubernetes@$v" "-X $x.gitVersion=$1 -X $x.gitMajor=1 -X $x.gitMinor=${minor%%.*} -X $x.gitTreeState=clean" .
}

containers() {
  local cni=github.com/containernetworking/plugins/plugins containerd=github.com/containerd/containerd/v2
  part containerd "-X $containerd/version.Version=v2.1.5-k3s1" $containerd/cmd/{containerd,containerd-shim-runc-v2,ctr} $cni/ipam/host-local $cni/main/{bridge,loopback} $cni/meta/portmap
  # runc enters namespaces in C before Go starts, and filters system calls by libseccomp, whose package is looked into, not installed.
  seccomp
  CGO=1 TAGS=netgo,osusergo,seccomp PKG_CONFIG=$cache/libseccomp/pkg-config part runc "-extldflags -static -X main.version=1.3.3" github.com/opencontainers/runc
}

# seccomp lays out libseccomp's headers and archive, and a stand-in for pkg-config that tells where.
seccomp() {
  local into=$cache/libseccomp
  if [[ -e $into/pkg-config ]]; then return; fi
  rm -rf "$into" && mkdir -p "$into"
  (cd "$into" && { apt-get download -qq libseccomp-dev || { apt-get update -qq && apt-get download -qq libseccomp-dev; }; } && dpkg-deb -x libseccomp-dev_*.deb .)
  cat >"$into/pkg-config" <<END
#!/bin/sh
case "\$*" in
*--cflags*) echo "-I$into/usr/include" ;;
*--libs*) echo "-L$into/usr/lib/$(gcc -dumpmachine) -lseccomp" ;;
esac
END
  chmod +x "$into/pkg-config"
}

# helm is built before the images: no Traefik comes without it.
helm() { part helm "-X helm.sh/helm/v3/internal/version.version=v3.19.5" helm.sh/helm/v3/cmd/helm; }
crictl() { part crictl "" .; }
small_images() {
  part pause "" .
  part klipper-lb "" .
  part counter-app "" .
  part probe "" .
}
sealed_secrets() { part sealed-secrets "-X main.VERSION=0.30.0" github.com/bitnami-labs/sealed-secrets/cmd/{controller,kubeseal}; }
coredns() { part coredns "" github.com/coredns/coredns; }
metrics_server() { part metrics-server "" sigs.k8s.io/metrics-server/cmd/metrics-server; }
traefik() { part traefik "-X github.com/traefik/traefik/v3/pkg/version.Version=3.6.12" github.com/traefik/traefik/v3/cmd/traefik; }

images() {
  sealed_secrets
  coredns
  traefik
  metrics_server
}

# release VERSION: puts together what was built, unless it is that already.
release() {
  local v=${1%+*} out=$cache/release/$1 work=$cache/work sum
  sum=$({ find "$here/k3s" "$here/pack" "$here/images.txt" -type f -print0; find "$cache/bin" -name '*.built' \( ! -name '*@*' -o -name "kubernetes@$v.*" \) -print0; } | LC_ALL=C sort -z | xargs -0 cat "$here/build.sh" | sha256sum | cut -c1-64)
  if [[ $(cat "$out/made-of" 2>/dev/null) == "$sum" ]]; then return; fi
  rm -rf "$work" && mkdir -p "$work/bin" "$work/images" "$out"
  (cd "$here/k3s" && CGO_ENABLED=0 go build -buildvcs=false -trimpath -ldflags "-s -w -X main.version=$1" -o "$work/k3s" .)
  (cd "$here/pack" && CGO_ENABLED=0 go build -buildvcs=false -trimpath -o "$work/pack" .)
  rm -f "$out/made-of"
  ln "$cache/bin/kubernetes@$v/"* "$work/bin/kubernetes"
  ln "$cache/bin/containerd/"* "$cache/bin/runc/runc" "$cache/bin/helm/helm" "$cache/bin/crictl/crictl" "$work/bin/"
  for built in pause klipper-lb counter-app probe sealed-secrets coredns metrics-server traefik; do
    [[ ! -e $cache/bin/$built.built ]] || ln "$cache/bin/$built/"* "$work/images/"
  done
  nice -n 19 "$work/pack" program "$out/k3s" "$work/k3s" "$work/bin"
  nice -n 19 "$work/pack" images "$out/k3s-airgap-images-amd64.tar.gz" "$here/images.txt" "$work/images" >"$out/k3s-images.txt"
  # Ours that real k3s does not bring, and what every pod needs, each in an archive of its own.
  for own in counter-app probe pause controller; do
    grep " $own$" "$here/images.txt" >"$work/$own.txt"
    "$work/pack" images "$out/$own-amd64.tar.gz" "$work/$own.txt" "$work/images" >/dev/null
  done
  (cd "$out" && sha256sum k3s k3s-airgap-images-amd64.tar.gz k3s-images.txt >sha256sum-amd64.txt)
  rm -rf "$work"
  echo "$sum" >"$out/made-of"
  echo "made $out"
}

if [[ ${1:-} == part ]]; then
  # build.sh part NAME: only that one, for the next release.
  "${2//-/_}"
  exit
fi
versions=("$@")
[[ $# -gt 0 ]] || versions=("${all[@]}")
kubernetes "${versions[0]}"
containers
helm
crictl
small_images
# A release without the images that take long can be used already.
release "${versions[0]}"
[[ -z ${TUTTI_K3S_QUICK:-} ]] || exit 0
images
for version in "${versions[@]}"; do
  kubernetes "$version"
  release "$version"
done
