"""What every network has besides its applications: names, addresses, time, remote shells."""

from host import Daemon, Host


def dnsmasq(host: Host, names: dict[str, list[str]], dhcp: str | None = None, more: list[str] | None = None) -> Daemon:
    """DNS for `names` (and DHCP for the range given); asks nobody else."""
    records = [f"--host-record={name},{','.join(addresses)}" for name, addresses in sorted(names.items())]
    command = ["dnsmasq", "-k", "-C", "/dev/null", "--no-resolv", "--no-hosts", "--user=root", "--no-ping",
               "--pid-file=/run/dnsmasq.pid", "--interface=eth0", "--bind-interfaces", "--domain=lab.test",
               "--local=/lab.test/", "--local=/in-addr.arpa/", *records]
    if dhcp:
        command += [f"--dhcp-range={dhcp}", "--dhcp-leasefile=/tmp/leases", "--dhcp-authoritative"]
    return host.start("dnsmasq", command + (more or []), tcp=[53], udp=[53] + ([67] if dhcp else []))


def dhclient(host: Host) -> str:
    """Asks for an address; returns it. The lease script would wait for DAD that is off here."""
    config = host.write("dhclient.conf", "send host-name = gethostname();\n"
                        "request subnet-mask, broadcast-address, routers, domain-name, domain-name-servers;\n")
    host.run(["dhclient", "-4", "-1", "-q", "-cf", config, "-pf", "/run/dhc.pid", "-lf", "/tmp/dhc.leases", "eth0"],
             limit=30)
    shown = host.run(["ip", "-4", "-br", "addr", "show", "eth0"])
    address = shown.split()[2].split("/")[0]
    host.addresses[:] = [address]
    return address


def ntp_server(host: Host) -> Daemon:
    config = host.write("ntp-server.conf", "local stratum 3\nallow all\ncmdport 0\n")
    return host.start("chronyd", ["chronyd", "-x", "-d", "-u", "root", "-f", config], udp=[123])


def ntp_client(host: Host, server: str, log_directory: str | None = None) -> Daemon:
    """-x: it measures, but never sets the clock of this machine. With a log it asks every two seconds."""
    polls, logs = ("minpoll 1 maxpoll 1", f"logdir {log_directory}\nlog measurements\n") if log_directory else (
        "minpoll 2 maxpoll 3", "")
    config = host.write("ntp-client.conf", f"server {server} iburst {polls}\nport 0\ncmdport 0\n{logs}")
    return host.start("chronyd", ["chronyd", "-x", "-d", "-u", "root", "-f", config])


def sshd(host: Host, port: int, user: str = "operator1", password: str = "labpw", options: list[str] | None = None,
         key: str = "ed25519") -> Daemon:
    host.shell(f"useradd -m -d /tmp/{user} -s /bin/bash {user} && echo {user}:{password} | chpasswd; "
               f"ssh-keygen -q -t {key} -N '' -f /tmp/hostkey-{port}")
    return host.start(f"sshd-{port}", [
        "/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", "-p", str(port), "-h", f"/tmp/hostkey-{port}",
        "-o", f"PidFile=/run/sshd-{port}.pid", "-o", "UsePAM=no", "-o", "PasswordAuthentication=yes",
        *(part for option in options or [] for part in ("-o", option))], tcp=[port])


def ssh_command(server: str, port: int, remote: str, user: str = "operator1", password: str = "labpw") -> list[str]:
    return ["sshpass", "-p", password, "ssh", "-F", "/dev/null", "-p", str(port),
            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
            "-o", "GSSAPIAuthentication=no", f"{user}@{server}", remote]


