"""A time-stamping authority for tests: `openssl ts` behind an HTTP server on loopback."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SETTINGS = """
[ tsa ]
default_tsa = own
[ own ]
dir = {folder}
serial = $dir/serial
signer_cert = $dir/tsa.pem
signer_key = $dir/tsa-key.pem
signer_digest = sha256
default_policy = 1.3.6.1.4.1.13762.3
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[ req ]
distinguished_name = name
prompt = no
[ name ]
CN = rehearsed authority
[ root ]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[ stamping ]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""

Answer = Callable[[bytes], tuple[int, str, bytes]]


@dataclass
class Authority:
    """It runs: its address, its root, and what it answers, which a test may change."""

    url: str
    folder: Path
    answer: Answer
    asked: list[bytes] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return self.folder / "root.pem"

    def reply(self, query: bytes) -> bytes:
        """A time-stamp reply to a query, by openssl."""
        return _reply(self.folder, query)


def _reply(folder: Path, query: bytes) -> bytes:
    asked, said = folder / "query.tsq", folder / "reply.tsr"
    asked.write_bytes(query)
    _openssl(folder, "ts", "-reply", "-config", "tsa.cnf", "-section", "own", "-queryfile", asked, "-out", said)
    return said.read_bytes()


def _openssl(folder: Path, *arguments: object) -> None:
    command = ["openssl", *map(str, arguments)]
    subprocess.run(command, cwd=folder, capture_output=True, check=True, timeout=30)


def made(folder: Path) -> None:
    """Make an authority: a root, and a certificate under it that may do nothing but stamp."""
    (folder / "tsa.cnf").write_text(SETTINGS.format(folder=folder))
    (folder / "serial").write_text("01\n")
    new = ("req", "-config", "tsa.cnf", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    root = ("-x509", "-extensions", "root", "-subj", "/CN=rehearsed root", "-days", "3650")
    _openssl(folder, *new, *root, "-keyout", "root-key.pem", "-out", "root.pem")
    _openssl(folder, *new, "-keyout", "tsa-key.pem", "-out", "tsa.csr")
    by = ("-CA", "root.pem", "-CAkey", "root-key.pem", "-CAcreateserial", "-days", "3650")
    as_stamping = ("-extfile", "tsa.cnf", "-extensions", "stamping")
    _openssl(folder, "x509", "-req", "-in", "tsa.csr", *by, *as_stamping, "-out", "tsa.pem")


@contextmanager
def serving(folder: Path) -> Iterator[Authority]:
    """An authority in a folder, served on loopback."""
    made(folder)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["content-length"]))
            with lock:
                authority.asked.append(query)
                status, kind, body = authority.answer(query)
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            if 300 <= status < 400:
                self.send_header("location", authority.url)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        url = f"http://127.0.0.1:{server.server_address[1]}/"
        authority = Authority(url, folder, lambda query: (200, "application/timestamp-reply", _reply(folder, query)))
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield authority
        finally:
            server.shutdown()
            thread.join()
