from io import StringIO

from pyinfra.operations import files

for i in range(50):
    files.directory(path=f"/opt/bench/loops/d{i}", mode="755")
for i in range(50):
    files.put(src=StringIO(f"{i}\n"), dest=f"/opt/bench/loops/d{i}/f", mode="644")
