"""Mail, file transfer and old management protocols, in clear and protected: what hygiene rules look for."""

import pcap
from host import think
from services import data, files, mail, web
from truth import Topology

PACKAGES = ["postfix", "dovecot-imapd", "dovecot-pop3d", "vsftpd", "curl", "tftpd-hpa", "tftp-hpa", "samba",
            "samba-vfs-modules", "smbclient", "snmpd", "snmp", "inetutils-telnetd", "socat", "slapd", "ldap-utils",
            "nginx-light", "avahi-daemon"]

README = """
desk1 does everything the old way, desk2 the protected way, on the same servers: SMTP with AUTH PLAIN in clear and with
STARTTLS; IMAP and POP3 logins in clear, by STARTTLS and by implicit TLS; FTP active and passive, anonymous and as a
user, and with AUTH TLS; TFTP; SMB 1 (NT1) on 445 and 139, SMB 2.1 and encrypted SMB 3.1.1; SNMP v1, v2c and v3
authPriv; Telnet; HTTP Basic; LDAP simple bind. Names by NetBIOS (nmbd), LLMNR and mDNS (avahi and a question).

What it proves: one finding per practice with the party at fault (`findings`), none for the protected twin of the same
service; FTP data channels found through their announcements, the active one opened by the server; TFTP's second port;
TLS inside SMTP, IMAP, POP3 and FTP keeps the protocol's name; names from NBNS, LLMNR and mDNS.
"""

POP3 = "import poplib; p = poplib.POP3('mail.lab.test'); p.user('alice'); p.pass_('labpw'); p.list(); p.quit()"
NET, BROADCAST = "10.77.5.0/24", "10.77.5.255"
WEB = """  server { listen 8088; location / { auth_basic "intranet"; auth_basic_user_file /opt/lab/intranet/users;
           return 200 "never reached without a password\\n"; root /tmp; } location /page { auth_basic "intranet";
           auth_basic_user_file /opt/lab/intranet/users; alias /tmp/page; } }\n"""
MESSAGE = "From: alice@lab.test\nTo: bob@lab.test\nSubject: lab\n\nA short message.\n"
CA = ["--cacert", "/opt/lab/ca/ca.pem", "--tls-max", "1.2"]
QUIET = ["curl", "-sS", "-o", "/dev/null", "-u", "alice:labpw"]


def mail_traffic(clear, safe) -> None:
    for host in (clear, safe):
        host.write("message.txt", MESSAGE)
    send = ["--mail-from", "alice@lab.test", "--mail-rcpt", "alice@lab.test", "--login-options", "AUTH=PLAIN"]
    clear.run([*QUIET, *send, "-T", "/opt/lab/desk1/message.txt", "smtp://mail.lab.test/desk1"])
    safe.run([*QUIET, *send, *CA, "--ssl-reqd", "-T", "/opt/lab/desk2/message.txt", "smtp://mail.lab.test/desk2"])
    think(1)
    status = ["-X", "STATUS INBOX (MESSAGES)"]
    clear.run([*QUIET, "--login-options", "AUTH=PLAIN", "imap://mail.lab.test/INBOX", *status])
    clear.run(["/usr/bin/python3", "-c", POP3])      # curl would choose SASL; USER and PASS are wanted
    safe.run([*QUIET, *CA, "--ssl-reqd", "imap://mail.lab.test/INBOX", *status])
    safe.run([*QUIET, *CA, "imaps://mail.lab.test/INBOX", *status])
    safe.run([*QUIET, *CA, "--ssl-reqd", "pop3://mail.lab.test/"])
    safe.run([*QUIET, *CA, "pop3s://mail.lab.test/"])


def ftp_traffic(clear, safe) -> None:
    clear.run(["curl", "-sS", "ftp://files.lab.test/readme.txt", "--disable-epsv"])
    clear.run([*QUIET, "-T", "/opt/lab/desk1/message.txt", "ftp://files.lab.test/%2Ftmp/alice/in.txt"])
    clear.run([*QUIET, "-P", "-", "--disable-eprt", "ftp://files.lab.test/%2Ftmp/alice/in.txt"])
    safe.run([*QUIET, *CA, "--ssl-reqd", "ftp://files.lab.test/%2Ftmp/alice/in.txt"])
    clear.shell("cd /tmp && tftp -4 10.77.5.21 -c get startup-config && test -s startup-config")


def smb_traffic(clear, safe) -> None:
    look = ["-U", "alice%labpw", "-c", "get report.txt /dev/null"]
    old = ["--option=client min protocol=NT1"]
    clear.run(["smbclient", "//files/share", "-p", "445", "-m", "NT1", *old, *look])
    clear.run(["smbclient", "//files/share", "-p", "139", "-m", "NT1", *old, *look])
    safe.run(["smbclient", "//files/share", "-p", "445", "-m", "SMB2_10", *look])
    safe.run(["smbclient", "//files/share", "-p", "445", "-m", "SMB3_11", "--client-protection=encrypt", *look])


def management(clear, safe) -> None:
    system = ["switch1.lab.test", "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.5.0"]
    clear.run(["snmpget", "-v1", "-c", "public", *system])
    clear.run(["snmpbulkwalk", "-v2c", "-c", "public", "switch1.lab.test", "1.3.6.1.2.1.1"])
    safe.run(["snmpget", "-v3", "-l", "authPriv", "-u", "watcher", "-a", "SHA", "-A", "labpw-auth", "-x", "AES",
              "-X", "labpw-priv", *system])
    clear.run(["/usr/bin/python3", "/opt/lab/apps/telnet_login.py", "switch1.lab.test", "alice", "labpw"], limit=40)
    for _ in range(2):
        clear.run([*QUIET, "-f", "http://intranet.lab.test:8088/page"])
    clear.run(["ldapsearch", "-x", "-H", "ldap://directory.lab.test", "-D", "uid=alice,ou=people,dc=lab,dc=test",
               "-w", "labpw", "-b", "ou=people,dc=lab,dc=test", "-LLL", "(uid=alice)", "cn"])


def link_names(clear) -> None:
    clear.run(["nmblookup", "-U", "10.77.5.21", "FILES"])
    clear.run(["nmblookup", "-B", BROADCAST, "NOBODY"], check=False)
    for kind, name in (("ask-llmnr", "files"), ("ask-llmnr", "fiels"), ("ask-mdns", "printer.local")):
        clear.run(["/usr/bin/python3", "/opt/lab/apps/names.py", kind, name])


def declare_groups(truth: Topology) -> None:
    for port, protocol in ((137, "nbns"), (138, "nbdgm")):
        truth.group("files", BROADCAST, port, protocol)
    truth.group("desk1", BROADCAST, 137, "nbns")
    truth.group("desk1", "224.0.0.252", 5355, "llmnr", answered_by="files")
    truth.group("desk1", "224.0.0.251", 5353, "mdns", answered_by="printer")
    truth.group("printer", "224.0.0.251", 5353, "mdns")


def declare(net) -> Topology:
    truth = Topology()
    truth.add_hosts(net)
    for client, tls in (("desk1", False), ("desk2", True)):
        for port, protocol in ((25, "smtp"), (143, "imap"), (110, "pop3")):
            truth.depends(client, "mail", port, protocol, tls=tls, connections=1)
        truth.depends(client, "files", 21, "ftp", tls=tls, connections=1 if tls else 3)
        truth.depends(client, "files", 30021, "ftp-data", tls=tls, announced=True, connections=1 if tls else 2)
        truth.depends(client, "files", 445, "smb", connections=2 if tls else 1)
        truth.depends(client, "switch1", 161, "snmp", transport="udp")
    truth.depends("desk2", "mail", 993, "imap", tls=True, connections=1)
    truth.depends("desk2", "mail", 995, "pop3", tls=True, connections=1)
    truth.depends("desk1", "files", 20, "ftp-data", announced=True, initiator="server", connections=1)
    truth.depends("desk1", "files", 69, "tftp", transport="udp", answered_from=list(range(31000, 31010)))
    truth.depends("desk1", "files", 139, "smb", connections=1)
    truth.depends("desk1", "files", 137, "nbns", transport="udp")
    truth.depends("desk1", "switch1", 23, "telnet", connections=1)
    truth.depends("desk1", "intranet", 8088, "http", connections=2)
    truth.depends("desk1", "directory", 389, "ldap", connections=1)
    declare_groups(truth)
    for rule, server, port in (
            ("ADM-01", "switch1", 23), ("ADM-16", "switch1", 161), ("ADM-18", "files", 69), ("WIN-01", "files", 445),
            ("WIN-01", "files", 139), ("WIN-12", "directory", 389), ("FTP-01", "files", 21), ("MAIL-01", "mail", 25),
            ("MAIL-02", "mail", 110), ("MAIL-03", "mail", 143), ("WEB-01", "intranet", 8088)):
        truth.finding(rule, server, port)
    truth.finding("WIN-15", "files", 5355, host="desk1")
    truth.finding("WIN-16", "files", 137, host="desk1")
    truth.names = {"FILES": ["10.77.5.21"], "files": ["10.77.5.21"], "printer.local": ["10.77.5.25"]}
    return truth


def servers(hosts, certificate) -> None:
    mail.dovecot(hosts["mail"], certificate("mail"), for_postfix=True)
    mail.postfix(hosts["mail"], certificate("mail"))
    mail.add_alice(hosts["files"])
    files.vsftpd(hosts["files"], certificate("files"), 30021)
    files.tftpd(hosts["files"], "31000:31009")
    files.snmpd(hosts["switch1"], NET)
    files.telnetd(hosts["switch1"])
    data.slapd(hosts["directory"], [389])
    hosts["intranet"].write("users", "alice:{PLAIN}labpw\n")
    hosts["intranet"].shell("echo 'an intranet page' > /tmp/page")
    web.nginx(hosts["intranet"], WEB, [8088])
    hosts["files"].start("llmnr", ["/usr/bin/python3", "/opt/lab/apps/names.py", "serve-llmnr", "files", "10.77.5.21"],
                         udp=[5355])


def run(lab) -> None:
    net = lab.network
    net.bridge("office")
    for number, name in ((11, "desk1"), (12, "desk2"), (20, "mail"), (21, "files"), (22, "switch1"), (23, "directory"),
                         (24, "intranet"), (25, "printer")):
        net.host(name, "office", f"10.77.5.{number}/24", names=[f"{name}.lab.test", name])
    net.boot()
    hosts = net.hosts
    for name in ("mail", "files"):
        lab.authority.issue(name, [f"{name}.lab.test"], ends_in_days=120, key="rsa")
    servers(hosts, lambda name: f"/opt/lab/ca/{name}")
    tap = net.tap("office", "mail-and-files.pcap")
    files.samba(hosts["files"], "FILES", NET)
    files.avahi(hosts["printer"], printer=True)
    clear, safe = hosts["desk1"], hosts["desk2"]
    mail_traffic(clear, safe)
    ftp_traffic(clear, safe)
    smb_traffic(clear, safe)
    management(clear, safe)
    link_names(clear)
    lab.deliver("mail-and-files", pcap.read(tap.stop()), declare(net), README)
