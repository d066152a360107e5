from pyinfra.operations import server

for i in range(5):
    server.shell(commands=[f"/bin/echo {i}"])
for i in range(5):
    server.shell(commands=[f"echo {i} | cat"])
for command in ("/bin/true", "/bin/true", "echo hi | cat", "echo hi | cat"):
    server.shell(commands=[command])
