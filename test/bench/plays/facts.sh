uname -a; cat /etc/os-release; ip -o addr; ip route; hostname; nproc; free; cat /proc/cpuinfo /proc/mounts /proc/meminfo; df; getent passwd; systemctl show -p Version; lsblk 2>/dev/null; date
