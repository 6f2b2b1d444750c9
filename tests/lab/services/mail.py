"""Mail: postfix and dovecot, with one user, alice."""

from host import Daemon, Host

DOVECOT = """\
base_dir = /run/dovecot
log_path = /tmp/dovecot.log
protocols = imap pop3
listen = 0.0.0.0
ssl = yes
ssl_cert = <{tls}.pem
ssl_key = <{tls}.key
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:/tmp/%u/Maildir
imap_idle_notify_interval = 3s
passdb {{
  driver = passwd-file
  args = scheme=plain /opt/lab/{host}/mail-users
}}
userdb {{
  driver = static
  args = uid=alice gid=alice home=/tmp/%u
}}
service auth {{
  unix_listener {socket} {{
    mode = 0666
  }}
}}
"""


def add_alice(host: Host) -> None:
    host.shell("id alice >/dev/null 2>&1 || useradd -m -d /tmp/alice -s /bin/bash alice; echo alice:labpw | chpasswd")


def dovecot(host: Host, tls: str, for_postfix: bool = False) -> Daemon:
    """IMAP 143 and 993, POP3 110 and 995; clear logins are allowed, as they should not be."""
    add_alice(host)
    host.write("mail-users", "alice:labpw\n")
    socket = "/var/spool/postfix/private/auth" if for_postfix else "auth-client"
    config = host.write("dovecot.conf", DOVECOT.format(tls=tls, host=host.name, socket=socket))
    return host.start("dovecot", ["dovecot", "-F", "-c", config], tcp=[143, 110, 993, 995])


POSTFIX = """\
compatibility_level = 3.6
myhostname = mail.lab.test
mydomain = lab.test
mydestination = lab.test
mynetworks = 127.0.0.0/8
inet_interfaces = all
inet_protocols = ipv4
maillog_file = /var/log/postfix.log
smtpd_tls_cert_file = {tls}.pem
smtpd_tls_key_file = {tls}.key
smtpd_tls_security_level = may
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
smtp_host_lookup = native
local_recipient_maps =
alias_maps =
alias_database =
home_mailbox = Maildir/
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
{more}
"""


def postfix(host: Host, tls: str, more: str = "") -> Daemon:
    """SMTP on 25 with AUTH before STARTTLS; dovecot checks the passwords."""
    add_alice(host)
    # The overlay lets the package's spool be used; master.cf runs nothing in a chroot.
    host.write("main.cf", POSTFIX.format(tls=tls, more=more))
    host.shell(f"cp /opt/lab/{host.name}/main.cf /etc/postfix/main.cf && cp /usr/share/postfix/master.cf.dist "
               "/etc/postfix/master.cf && sed -i -E 's/^([a-z].*(unix|inet|fifo) +[^ ]+ +[^ ]+ +)y/\\1n/' "
               "/etc/postfix/master.cf && mkdir -p /var/spool/postfix && postfix set-permissions >/dev/null 2>&1; "
               "install -d -o postfix /var/spool/postfix/private; true")
    # The master itself, and not the script around it: to end that would leave everybody else answering.
    return host.start("postfix", ["sh", "-c", "postfix check; exec /usr/lib/postfix/sbin/master -s"], tcp=[25])
