from io import StringIO

from pyinfra import host
from pyinfra.facts import files as file_facts, server as server_facts
from pyinfra.operations import apt, crontab, files, server, systemd

host.get_fact(server_facts.Hostname)
host.get_fact(server_facts.LinuxDistribution)
host.get_fact(server_facts.Kernel)
for d in ["a", "b", "c", "d", "e"]:
    files.directory(path=f"/opt/bench/{d}", mode="755")
for i in range(10):
    files.put(src=StringIO(f"host={host.name}\nn={i}\n"), dest=f"/opt/bench/a/f{i}", mode="644")
for i in range(10):
    files.template(src="t.pyinfra.j2", dest=f"/opt/bench/b/t{i}.conf", mode="600", name_=host.name, item=i)
for i in range(8):
    files.line(path="/opt/bench/lines", line=f"^k{i}=.*", replace=f"k{i}=v")
files.block(path="/opt/bench/blocks", content="x\ny")
server.user(user="svc", system=True, shell="/usr/sbin/nologin")
server.group(group="grp")
apt.packages(packages=["curl", "rsync", "git"])
files.link(path="/opt/bench/link", target="/opt/bench/a")
systemd.service(service="cron", running=True, enabled=True)
host.get_fact(file_facts.File, path="/opt/bench/a/f0")
server.shell(commands=["/bin/true"])
server.shell(commands=["echo hi | cat"])
crontab.crontab(command="/bin/true", cron_name="job", minute="5")
