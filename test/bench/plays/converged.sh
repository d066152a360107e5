# What a converged host must at least be asked, written by hand.
for d in a b c d e; do stat -c "%a %U %G %F" /opt/bench/$d; done
for i in 0 1 2 3 4 5 6 7 8 9; do sha1sum /opt/bench/a/f$i; stat -c "%a %U" /opt/bench/a/f$i; done
for i in 0 1 2 3 4 5 6 7 8 9; do sha1sum /opt/bench/b/t$i.conf; stat -c "%a %U" /opt/bench/b/t$i.conf; done
cat /opt/bench/lines /opt/bench/blocks
getent passwd svc; getent group grp
dpkg-query -W -f '${Package} ${Status} ${Version}\n' curl rsync git
readlink /opt/bench/link
systemctl show cron -p ActiveState,UnitFileState
stat /opt/bench/a/f0; /bin/true; echo hi | cat; crontab -l
uname -a; cat /etc/os-release; ip -o addr; hostname; nproc; free
