from io import StringIO

from pyinfra import host
from pyinfra.operations import crontab, files, server

for d in ["a", "b", "c", "d", "e"]:
    files.directory(path=f"/opt/bench-new/{d}", mode="755")
for i in range(10):
    files.put(src=StringIO(f"host={host.name}\nn={i}\n"), dest=f"/opt/bench-new/a/f{i}", mode="644")
for i in range(10):
    files.template(src="t.pyinfra.j2", dest=f"/opt/bench-new/b/t{i}.conf", mode="600", name_=host.name, item=i)
for i in range(8):
    files.line(path="/opt/bench-new/lines", line=f"k{i}=v")
files.block(path="/opt/bench-new/blocks", content="x\ny")
files.link(path="/opt/bench-new/link", target="/opt/bench-new/a")
server.user(user="benchnew", system=True, shell="/usr/sbin/nologin")
server.group(group="benchgrp")
crontab.crontab(command="/bin/true", cron_name="bench-new", minute="5")
