"""Become a command inside a network namespace that has only loopback: `unshare -n python alone.py CMD…`.

In a new namespace nothing is up. Loopback is brought up here, so that nothing but Python is needed.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1
"""ioctl requests SIOCGIFFLAGS and SIOCSIFFLAGS, and the flag IFF_UP. Source: netdevice(7)."""


def _flags(any_socket: socket.socket, interface: str) -> int:
    return int(
        struct.unpack("16sH14x", fcntl.ioctl(any_socket, _GET_FLAGS, struct.pack("16sH14x", interface.encode(), 0)))[1]
    )


def main(command: list[str]) -> None:
    """Check that there is no way out, bring loopback up, and become the command."""
    routes = Path("/proc/net/route").read_text().splitlines()[1:]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        up = [name for _, name in socket.if_nameindex() if _flags(any_socket, name) & _UP]
        if up or routes:
            sys.exit(f"this is no namespace of its own: {up} are up, {len(routes)} routes")
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sH14x", b"lo", _flags(any_socket, "lo") | _UP))
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
