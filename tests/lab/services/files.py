"""File servers and what old networks still run: FTP, TFTP, Samba, SNMP, Telnet, mDNS."""

from host import Daemon, Host

VSFTPD = """\
listen=YES
background=NO
seccomp_sandbox=NO
secure_chroot_dir=/run/vsempty
anonymous_enable=YES
anon_root=/tmp/ftp
no_anon_password=NO
local_enable=YES
write_enable=YES
connect_from_port_20=YES
pasv_min_port={data}
pasv_max_port={data}
ssl_enable=YES
force_local_logins_ssl=NO
force_local_data_ssl=NO
require_ssl_reuse=NO
rsa_cert_file={tls}.pem
rsa_private_key_file={tls}.key
ftpd_banner=Lab files
xferlog_enable=NO
"""


def vsftpd(host: Host, tls: str, data_port: int) -> Daemon:
    """Anonymous and local users, active from port 20, passive on one known port, AUTH TLS offered."""
    config = host.write("vsftpd.conf", VSFTPD.format(tls=tls, data=data_port))
    host.shell(f"mkdir -p /run/vsempty /tmp/ftp; echo 'a public file' > /tmp/ftp/readme.txt; "
               f"install -m600 /opt/lab/{host.name}/vsftpd.conf /tmp/vsftpd.conf; chown root /tmp/vsftpd.conf; "
               f"test -f {config}")
    return host.start("vsftpd", ["vsftpd", "/tmp/vsftpd.conf"], tcp=[21])


def tftpd(host: Host, answers_from: str) -> Daemon:
    """`answers_from` is a range, 31000:31009: the port that the transfer moves to."""
    host.shell("mkdir -p /tmp/tftp; head -c 1500 /dev/zero | tr '\\0' 'x' > /tmp/tftp/startup-config; "
               "chmod -R a+rX /tmp/tftp")
    return host.start("tftpd", ["in.tftpd", "-L", "-4", "-s", "-c", "-u", "nobody", "-R", answers_from, "-a", ":69",
                                "/tmp/tftp"], udp=[69])


SMB = """\
[global]
  workgroup = LAB
  netbios name = {name}
  server string = Lab files
  security = user
  server min protocol = NT1
  lock directory = /tmp/smb/lock
  state directory = /tmp/smb/state
  cache directory = /tmp/smb/cache
  private dir = /tmp/smb/private
  pid directory = /tmp/smb
  ncalrpc dir = /tmp/smb/ncalrpc
  log file = /tmp/smb/log
  load printers = no
  disable spoolss = yes
  interfaces = eth0 {network}
  bind interfaces only = no
  dns proxy = no
  local master = no
  preferred master = no
[share]
  path = /tmp/share
  read only = no
"""


def samba(host: Host, name: str, network: str) -> list[Daemon]:
    """smbd from NT1 to SMB3.1.1 on 445 and 139, nmbd for NetBIOS names."""
    config = host.write("smb.conf", SMB.format(name=name, network=network))
    host.shell("id alice >/dev/null 2>&1 || useradd -M alice; mkdir -p /tmp/share /run/samba "
               "/tmp/smb/{lock,state,cache,private,ncalrpc}; chmod 777 /tmp/share; echo 'quarterly numbers' > "
               f"/tmp/share/report.txt; printf 'labpw\\nlabpw\\n' | smbpasswd -c {config} -s -a alice")
    return [host.start("nmbd", ["nmbd", "-F", "--no-process-group", "-s", config], udp=[137]),
            host.start("smbd", ["smbd", "-F", "--no-process-group", "-s", config], tcp=[445, 139])]


QUIET_SMB = """\
[global]
  workgroup = LAB
  netbios name = {name}
  server string = Lab files
  security = user
  smb ports = 445
  disable netbios = yes
  lock directory = /tmp/smb/lock
  state directory = /tmp/smb/state
  cache directory = /tmp/smb/cache
  private dir = /tmp/smb/private
  pid directory = /tmp/smb
  ncalrpc dir = /tmp/smb/ncalrpc
  log file = /tmp/smb/log
  load printers = no
  disable spoolss = yes
  svcctl list = updater
[share]
  path = /tmp/share
{more}
"""


def smbd(host: Host, name: str, more: str = "") -> Daemon:
    """A file server on 445 without NetBIOS; alice reads the share, root may do more. `more`: shares."""
    config = host.write("smb.conf", QUIET_SMB.format(name=name, more=more))
    host.shell("id alice >/dev/null 2>&1 || useradd -M alice; mkdir -p /tmp/share /tmp/admin /run/samba "
               "/tmp/smb/{lock,state,cache,private,ncalrpc}; echo 'quarterly numbers' > /tmp/share/report.txt; "
               f"for who in alice root; do printf 'labpw\\nlabpw\\n' | smbpasswd -c {config} -s -a $who; done")
    return host.start("smbd", ["smbd", "-F", "--no-process-group", "-s", config], tcp=[445])


SNMPD = """\
rocommunity public {network}
createUser watcher SHA labpw-auth AES labpw-priv
rouser watcher priv
sysDescr Lab switch
sysLocation rack 1
sysContact admin@lab.test
sysName {name}.lab.test
sysServices 72
"""


def snmpd(host: Host, network: str) -> Daemon:
    """Its description is set: the default one would tell this machine's kernel."""
    config = host.write("snmpd.conf", SNMPD.format(network=network, name=host.name))
    command = ["snmpd", "-f", "-Lo", "-C", "-c", config, "-p", "/run/snmpd.pid", "udp:161"]
    return host.start("snmpd", command, udp=[161])


def telnetd(host: Host) -> Daemon:
    """-h: its own banner would tell this machine's kernel."""
    host.shell("id alice >/dev/null 2>&1 || useradd -m -d /tmp/alice -s /bin/sh alice; echo alice:labpw | chpasswd; "
               "rm -f /etc/update-motd.d/*; echo 'Lab switch' > /etc/motd; echo 'Lab switch' > /etc/issue.net")
    return host.start("telnetd", ["socat", "TCP-LISTEN:23,reuseaddr,fork", "EXEC:/usr/sbin/telnetd -h,nofork"], tcp=[23])


AVAHI = """\
[server]
host-name={name}
use-ipv4=yes
use-ipv6=no
allow-interfaces=eth0
enable-dbus=no
disallow-other-stacks=no
[publish]
publish-workstation=no
publish-hinfo=no
"""
PRINTER = """\
<?xml version="1.0" standalone='no'?><!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group><name>Lab printer</name><service><type>_ipp._tcp</type><port>631</port></service></service-group>
"""


def avahi(host: Host, printer: bool = False) -> Daemon:
    config = host.write("avahi.conf", AVAHI.format(name=host.name))
    if printer:
        host.write("printer.service", PRINTER)
        host.shell(f"mkdir -p /etc/avahi/services; cp /opt/lab/{host.name}/printer.service /etc/avahi/services/")
    return host.start("avahi", ["avahi-daemon", "-f", config, "--no-drop-root", "--no-chroot", "--no-rlimits"],
                      udp=[5353])
