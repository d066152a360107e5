# Ends what k3s left running on this host and removes its data: $1 is its data directory, $2 the network of its pods. Says each thing that it does; nothing where nothing is left.
data=$1
say() { echo "$*"; }

# Pods outlive k3s: their shims, and all below them.
ends() {
	for child in $(awk -v parent="$1" '{ sub(/^[0-9]+ \(.*\) /, pid = $1 " "); split($0, f, " "); if (f[3] == parent) print pid }' /proc/[0-9]*/stat 2>/dev/null); do ends "$child"; done
	kill -9 "$1" 2>/dev/null
}
for shim in $(grep -lz -- containerd-shim /proc/[0-9]*/cmdline 2>/dev/null | cut -d/ -f3); do
	tr '\0' ' ' </proc/"$shim"/cmdline 2>/dev/null | grep -q -- '-address /run/k3s/containerd/' || continue
	say "ended the pod of process $shim"
	ends "$shim"
done

for place in $(awk -v data="$data/" '{ if (index($2, "/run/k3s") == 1 || index($2, data) == 1 || index($2, "/var/lib/kubelet/pods") == 1 || index($2, "/var/lib/kubelet/plugins") == 1 || index($2, "/run/netns/cni-") == 1) print $2 }' /proc/self/mounts | sort -ru); do
	umount -f -l "$place" 2>/dev/null && say "unmounted $place"
done
if command -v ip >/dev/null; then
	for space in $(ip netns list 2>/dev/null | awk '/^cni-/ { print $1 }'); do ip netns delete "$space" && say "removed the network $space"; done
	for link in cni0 flannel.1 flannel-v6.1 flannel-wg flannel-wg-v6 kube-ipvs0; do ip link delete "$link" 2>/dev/null && say "removed the interface $link"; done
	# Those to the pods of other nodes stay behind with some ways of networking, and would lead astray who gets such a network later.
	[ ! -e "$data" ] || for network in $(echo "$2" | tr "," " "); do
		for route in $(ip route show root "$network" 2>/dev/null | awk '/ via / { print $1 }'); do ip route delete "$route" && say "removed the route to $route"; done
	done
fi
for tables in iptables ip6tables; do
	command -v $tables-save >/dev/null || continue
	rules=$($tables-save 2>/dev/null) || continue
	echo "$rules" | grep -qE 'KUBE-|CNI-|FLANNEL' || continue
	echo "$rules" | grep -vE 'KUBE-|CNI-|FLANNEL|flannel' | $tables-restore && say "removed the rules of $tables"
done

# What is mounted there by others stays, and so does a directory that is itself a mount.
for directory in "$data" /var/lib/kubelet /etc/rancher/k3s /etc/rancher/node /run/k3s /run/flannel /var/lib/cni/networks /etc/cni/net.d/10-flannel.conflist; do
	[ -e "$directory" ] || continue
	[ -n "$(find "$directory" -xdev -mindepth 1 -print 2>/dev/null | head -1)" ] || [ ! -d "$directory" ] && say "removed $directory"
	find "$directory" -xdev -depth -delete 2>/dev/null
done
exit 0
