set -e
for d in a b c d e; do mkdir -p /opt/bench-new/$d; done
for i in 0 1 2 3 4 5 6 7 8 9; do printf 'host=x\nn=%s\n' $i > /opt/bench-new/a/f$i.t; mv /opt/bench-new/a/f$i.t /opt/bench-new/a/f$i; done
for i in 0 1 2 3 4 5 6 7 8 9; do printf '# x %s\n' $i > /opt/bench-new/b/t$i.t; chmod 600 /opt/bench-new/b/t$i.t; mv /opt/bench-new/b/t$i.t /opt/bench-new/b/t$i.conf; done
for i in 0 1 2 3 4 5 6 7; do echo k$i=v; done > /opt/bench-new/lines
printf '# BEGIN\nx\ny\n# END\n' > /opt/bench-new/blocks
ln -sfn /opt/bench-new/a /opt/bench-new/link
useradd --system --shell /usr/sbin/nologin benchnew; groupadd benchgrp
{ crontab -l 2>/dev/null; echo '#Ansible: bench-new'; echo '5 * * * * /bin/true'; } | crontab -
uname -a; cat /etc/os-release; ip -o addr; hostname; nproc; free
