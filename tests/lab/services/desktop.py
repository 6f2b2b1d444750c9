"""Remote desktops: xrdp and VNC servers, and a screen for their viewers."""

from host import Daemon, Host, wait_for


def xrdp(host: Host, tls: str) -> Daemon:
    """Up to its login box; both classic RDP security and TLS are accepted."""
    host.shell(f"cp {tls}.pem /tmp/rdp.pem; install -m644 {tls}.key /tmp/rdp.key; "
               "xrdp-keygen xrdp /etc/xrdp/rsakeys.ini >/dev/null; "
               "sed -i -e 's|^certificate=.*|certificate=/tmp/rdp.pem|' -e 's|^key_file=.*|key_file=/tmp/rdp.key|' "
               "-e 's|^security_layer=.*|security_layer=negotiate|' -e 's|^ssl_protocols=.*|ssl_protocols=TLSv1.2|' "
               "/etc/xrdp/xrdp.ini; mkdir -p /run/xrdp")
    return host.start("xrdp", ["xrdp", "--nodaemon"], tcp=[3389])


def vnc(host: Host, display: int, port: int, password: str | None) -> Daemon:
    security = ["-SecurityTypes", "None"]
    if password:
        host.shell(f"echo {password} | tigervncpasswd -f > /tmp/vnc-password; chmod 600 /tmp/vnc-password")
        security = ["-SecurityTypes", "VncAuth", "-PasswordFile", "/tmp/vnc-password"]
    return host.start(f"vnc-{display}", ["Xtigervnc", f":{display}", "-geometry", "160x120", "-depth", "16", "-rfbport",
                                         str(port), "-localhost", "0", *security], tcp=[port])


def screen(host: Host, display: int = 9) -> Daemon:
    """A display for viewers, reached through a socket in /tmp only."""
    daemon = host.start("xvfb", ["Xvfb", f":{display}", "-screen", "0", "640x480x16", "-nolisten", "tcp"])
    wait_for(f"the screen of {host.name}", lambda: (f"/tmp/.X11-unix/X{display}" in host.run(
        ["sh", "-c", f"ls /tmp/.X11-unix/X{display}"], check=False)))
    return daemon
