"""Remote administration: RDP, VNC and SSH, weak and sound."""

import pcap
from host import Host
from services import desktop, infra
from truth import Topology

PACKAGES = ["xrdp", "freerdp2-x11", "xvfb", "tigervnc-standalone-server", "tigervnc-tools", "tigervnc-viewer",
            "openssh-server", "openssh-client", "sshpass"]

README = """
One administrator's host uses: RDP (3389) with classic RDP security and with TLS 1.2, VNC with a password (25901) and
without any (5902), SSH on 2222 with current algorithms, and on 22222 with group14-sha1, 3des-cbc, hmac-md5 and an RSA
host key signed with SHA-1.

What it proves: management edges by protocol on any port; the certificate inside RDP's negotiation; ADM-09, ADM-11 and
the SSH rules from what was negotiated, not from what was offered.
"""

OLD = ["KexAlgorithms=diffie-hellman-group14-sha1", "HostKeyAlgorithms=ssh-rsa", "Ciphers=3des-cbc", "MACs=hmac-md5"]


def view(admin: Host, seconds: int, *command: str) -> None:
    """Viewers never end by themselves: the look is over after some seconds."""
    admin.run(["env", "DISPLAY=:9", "timeout", "-s", "TERM", str(seconds), *command], limit=seconds + 8, check=False)


def traffic(hosts) -> None:
    admin = hosts["admin"]
    for security in ("rdp", "tls"):
        view(admin, 4, "xfreerdp", "/v:desktop1", "/u:alice", "/p:labpw", "/cert:ignore", f"/sec:{security}",
             "/size:320x240", "/bpp:8", "/log-level:OFF")
    admin.shell("echo labpw1 | tigervncpasswd -f > /tmp/password; chmod 600 /tmp/password")
    view(admin, 3, "xtigervncviewer", "-passwd", "/tmp/password", "desktop2::25901")
    view(admin, 3, "xtigervncviewer", "desktop2::5902")
    admin.run(infra.ssh_command("server1", 2222, "uname -n; uptime"))
    old = infra.ssh_command("server1", 22222, "uname -n", user="operator2")
    admin.run(old[:4] + [part for option in OLD for part in ("-o", option)] + old[4:])


def declare(net) -> Topology:
    truth = Topology()
    truth.add_hosts(net)
    truth.depends("admin", "desktop1", 3389, "rdp", tls=True, connections=2,
                  note="one connection with RDP's own security, one inside TLS")
    truth.depends("admin", "desktop2", 25901, "vnc", connections=1)
    truth.depends("admin", "desktop2", 5902, "vnc", connections=1)
    truth.depends("admin", "server1", 2222, "ssh", connections=1)
    truth.depends("admin", "server1", 22222, "ssh", connections=1)
    for rule, server, port in (("ADM-09", "desktop1", 3389), ("ADM-11", "desktop2", 25901),
                               ("ADM-11", "desktop2", 5902),
                               ("ADM-05", "server1", 22222), ("ADM-06", "server1", 22222),
                               ("ADM-07", "server1", 22222),
                               # The client asks for `desktop1`, and the certificate names `desktop1.lab.test`.
                               ("CERT-09", "desktop1", 3389)):
        truth.finding(rule, server, port)
    return truth


def run(lab) -> None:
    net = lab.network
    net.bridge("floor")
    for number, name in ((11, "admin"), (20, "desktop1"), (21, "desktop2"), (22, "server1")):
        net.host(name, "floor", f"10.77.8.{number}/24", names=[name, f"{name}.lab.test"])
    net.boot()
    hosts = net.hosts
    lab.authority.issue("desktop1", ["desktop1.lab.test"], ends_in_days=120, key="rsa")
    desktop.xrdp(hosts["desktop1"], "/opt/lab/ca/desktop1")
    desktop.vnc(hosts["desktop2"], 1, 25901, "labpw1")
    desktop.vnc(hosts["desktop2"], 2, 5902, None)
    infra.sshd(hosts["server1"], 2222)
    infra.sshd(hosts["server1"], 22222, user="operator2", options=OLD, key="rsa")
    desktop.screen(hosts["admin"])
    tap = net.tap("floor", "remote.pcap")
    traffic(hosts)
    lab.deliver("remote", pcap.read(tap.stop()), declare(net), README)
