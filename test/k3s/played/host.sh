#!/bin/sh
# host.sh NAME DIRECTORY: in fresh namespaces, with no disk but its own where k3s writes. What could reach the machine's network is nothing.
hostname "$1"
mount -t proc proc /proc
for directory in /run /etc/systemd/system /usr/local/bin /var/lib; do mount -t tmpfs tmpfs $directory; done
mkdir -p "$2/etc/$1" "$2/etc/work-$1" && mount -t overlay overlay -o "lowerdir=/etc,upperdir=$2/etc/$1,workdir=$2/etc/work-$1" /etc || exit 1
mount -t tmpfs tmpfs /etc/systemd/system
mkdir -p /run/systemd/system /run/played /var/lib/rancher /var/lib/kubelet
echo "$2" >/run/played/directory
for tool in ip iptables-save ip6tables-save iptables-restore ip6tables-restore; do
  path=$(command -v $tool) && mount --bind /bin/true "$path"
done
mount --bind "$2/systemctl" "$(command -v systemctl)"
while :; do sleep 1000; done
