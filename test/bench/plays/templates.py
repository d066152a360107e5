from pyinfra import host
from pyinfra.operations import files

files.directory(path="/opt/bench/templates", mode="755")
for i in range(40):
    files.template(src="t.pyinfra.j2", dest=f"/opt/bench/templates/t{i}.conf", mode="644", name_=host.name, item=i)
