"""The lab's certificate authority: real X.509 files from the openssl command, with chosen dates."""

import subprocess
import time
from pathlib import Path

from sandbox import LabError

CONFIG = """\
[ca]
default_ca = lab
[lab]
dir = {dir}
database = {dir}/index.txt
new_certs_dir = {dir}
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
organizationName = optional
[req]
distinguished_name = name
prompt = no
[name]
O = Tapmap Lab
CN = {cn}
[leaf]
subjectAltName = {san}
extendedKeyUsage = serverAuth
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
"""


def stamp(days: float) -> str:
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + days * 86400))


class Authority:
    """Issues certificates into one directory that every host sees as /opt/lab/ca."""

    def __init__(self, scratch: Path):
        self.directory = scratch / "ca"
        self.directory.mkdir(exist_ok=True)
        (self.directory / "index.txt").write_text("")
        config = self._config("Tapmap Lab Root", "DNS:ca.lab.test")
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-config", config, "-extensions", "root",
                      "-days", "3650", "-keyout", "ca.key", "-out", "ca.pem")
        self.rows: list[dict] = []

    def issue(self, name: str, san: list[str], ends_in_days: float, began_days_ago: float = 30.0,
              self_signed: bool = False, key: str = "ec") -> str:
        """Makes NAME.pem, NAME.key and NAME.full (certificate, key); returns the path inside a host."""
        config = self._config(name, ",".join(f"DNS:{entry}" for entry in san))
        kind = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if key == "ec" else ["rsa:2048"]
        self._openssl("req", "-newkey", *kind, "-nodes", "-config", config, "-reqexts", "leaf",
                      "-keyout", f"{name}.key", "-out", f"{name}.csr")
        signer = ["-selfsign", "-keyfile", f"{name}.key"] if self_signed else ["-cert", "ca.pem", "-keyfile", "ca.key"]
        self._openssl("ca", "-batch", "-config", config, *signer, "-in", f"{name}.csr", "-out", f"{name}.pem",
                      "-notext", "-startdate", stamp(-began_days_ago), "-enddate", stamp(ends_in_days))
        pem, key_text = self.read(f"{name}.pem"), self.read(f"{name}.key")
        (self.directory / f"{name}.full").write_text(pem + key_text)
        (self.directory / f"{name}.key").chmod(0o644)       # readable for daemons that drop root
        self.rows.append({"subject": f"CN={name}", "ends_in_days": ends_in_days, "self_signed": self_signed,
                          "san": san})
        return f"/opt/lab/ca/{name}"

    def read(self, file: str) -> str:
        return (self.directory / file).read_text()

    def _config(self, cn: str, san: str) -> str:
        path = self.directory / "openssl.cnf"
        path.write_text(CONFIG.format(dir=self.directory, cn=cn, san=san))
        return str(path)

    def _openssl(self, *arguments: str) -> None:
        done = subprocess.run(["openssl", *arguments], cwd=self.directory, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise LabError(f"`openssl {arguments[0]}` failed: {done.stderr.strip()[-400:]}")
