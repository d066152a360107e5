from pyinfra import host
from pyinfra.facts import hardware, server

for fact in (server.Hostname, server.LinuxDistribution, server.Kernel, server.KernelVersion, server.Arch, server.Mounts, server.Users, hardware.Cpus, hardware.Memory, hardware.NetworkDevices):
    host.get_fact(fact)
