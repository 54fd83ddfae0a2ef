"""The example of nginx from deploy/, started for real: its own addresses and certificate in, the rest as it is."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DEPLOY = Path(__file__).parents[1] / "deploy"
HOST = "llm.example.com"
MAIN = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {rest}
}}
"""


def nginx_path() -> str | None:
    """Debian's nginx, None when it is not installed."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


class Authority:
    """A private certificate authority and a certificate for one name, as files."""

    def __init__(self, folder: Path, name: str) -> None:
        self.ca, self.certificate, self.key = (folder / part for part in ("ca.pem", "cert.pem", "key.pem"))
        root, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A private authority")])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.ca.write_bytes(_pem(_certificate(issuer, issuer, root, root, None)))
        self.certificate.write_bytes(_pem(_certificate(subject, issuer, leaf, root, name)))
        private = leaf.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.key.write_bytes(private)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    name: str | None,
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=name is None, path_length=None), critical=True)
    )
    if name is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return builder.sign(signer, hashes.SHA256())


def example(authority: Authority, *, upstream: int, http: int, https: int, path: str = "/") -> str:
    """deploy/nginx.conf with these ports, its certificate, and the path that its comment speaks of."""
    text = (DEPLOY / "nginx.conf").read_text()
    changes = {
        "server 127.0.0.1:4000;": f"server 127.0.0.1:{upstream};",
        "listen 80;": f"listen 127.0.0.1:{http};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{https} ssl http2;",
        "/etc/nginx/tls/llm.example.com.pem": str(authority.certificate),
        "/etc/nginx/tls/llm.example.com.key": str(authority.key),
        "location / {": f"location {path} {{",
    }
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    # Two of them stand in one file of the tests.
    return text.replace("upstream gatewright", f"upstream u{upstream}").replace("//gatewright;", f"//u{upstream};")


@contextmanager
def nginx(folder: Path, *servers: str) -> Iterator[None]:
    """Runs nginx on those server blocks until the end."""
    file = folder / "nginx.conf"
    file.write_text(MAIN.format(folder=folder, rest="\n".join(servers)))
    command = [str(nginx_path()), "-c", str(file), "-e", str(folder / "error.log")]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    process = subprocess.Popen(command)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)
