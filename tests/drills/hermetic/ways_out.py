"""Every way out of a process that has been limited to loopback, one by one: `python ways_out.py` prints what each met.

Run it where there is no way out in earnest: what is not stopped by the limit must meet the network's own error.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import httpx2
import requests

from helpers.errors import WrongCloud
from helpers.services.loopback import only_loopback

V4, V6, NAME = "192.0.2.1", "2001:db8::1", "example.com"


def udp(family: socket.AddressFamily = socket.AF_INET) -> socket.socket:
    return socket.socket(family, socket.SOCK_DGRAM)


def in_a_loop(make: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    return asyncio.run(asyncio.wait_for(make(), 5))


async def datagram() -> None:
    await asyncio.get_running_loop().create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=(V4, 53))


async def sock_connect() -> None:
    with socket.socket() as one:
        one.setblocking(False)
        await asyncio.get_running_loop().sock_connect(one, (V4, 443))


async def by_aiohttp(url: str) -> None:
    import aiohttp

    async with aiohttp.ClientSession() as session:
        await session.get(url)


async def by_httpx(url: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.get(url)


def by_requests(url: str) -> None:
    with requests.Session() as session:
        session.trust_env = False
        session.get(url, timeout=5)


def client(kind: Any, url: str) -> None:
    with kind(trust_env=False, timeout=5) as made:
        made.get(url)


WAYS: dict[str, Callable[[], Any]] = {
    "connect v4": lambda: socket.socket().connect((V4, 443)),
    "connect v6": lambda: socket.socket(socket.AF_INET6).connect((V6, 443, 0, 0)),
    "connect v4 inside v6": lambda: socket.socket(socket.AF_INET6).connect((f"::ffff:{V4}", 443, 0, 0)),
    "connect link-local v6": lambda: socket.socket(socket.AF_INET6).connect(("fe80::1%lo", 443, 0, 1)),
    "connect_ex": lambda: socket.socket().connect_ex((V4, 443)),
    "connect to every address": lambda: socket.socket().connect(("0.0.0.0", 9)),
    "metadata service": lambda: socket.create_connection(("169.254.169.254", 80), timeout=5),
    "create_connection by name": lambda: socket.create_connection((NAME, 443), timeout=5),
    "sendto": lambda: udp().sendto(b"x", (V4, 53)),
    "sendto v6": lambda: udp(socket.AF_INET6).sendto(b"x", (V6, 53)),
    "sendmsg": lambda: udp().sendmsg([b"x"], [], 0, (V4, 53)),
    "getaddrinfo": lambda: socket.getaddrinfo(NAME, 443),
    "getaddrinfo of an odd number": lambda: socket.getaddrinfo("3221225985", 443),
    "gethostbyname": lambda: socket.gethostbyname(NAME),
    "gethostbyname_ex": lambda: socket.gethostbyname_ex(NAME),
    "gethostbyaddr": lambda: socket.gethostbyaddr(V4),
    "getnameinfo": lambda: socket.getnameinfo((V4, 53), 0),
    "asyncio connection": lambda: in_a_loop(lambda: asyncio.open_connection(V4, 443)),
    "asyncio connection by name": lambda: in_a_loop(lambda: asyncio.open_connection(NAME, 443)),
    "asyncio datagram": lambda: in_a_loop(datagram),
    "asyncio sock_connect": lambda: in_a_loop(sock_connect),
    "http.client": lambda: http.client.HTTPSConnection(V4, timeout=5).request("GET", "/"),
    "http.client by name": lambda: http.client.HTTPSConnection(NAME, timeout=5).request("GET", "/"),
    "urllib": lambda: urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"http://{V4}/", timeout=5),
    "requests": lambda: by_requests(f"https://{V4}/"),
    "requests by name": lambda: by_requests(f"https://{NAME}/"),
    "httpx": lambda: client(httpx.Client, f"https://{V4}/"),
    "httpx by name": lambda: client(httpx.Client, f"https://{NAME}/"),
    "httpx2": lambda: client(httpx2.Client, f"https://{V4}/"),
    "httpx, asynchronous": lambda: in_a_loop(lambda: by_httpx(f"https://{NAME}/")),
    "aiohttp": lambda: in_a_loop(lambda: by_aiohttp(f"https://{V4}/")),
    "aiohttp by name": lambda: in_a_loop(lambda: by_aiohttp(f"https://{NAME}/")),
    "a process of its own": lambda: subprocess.run(
        [sys.executable, "-c", f"import socket; socket.create_connection(({V4!r}, 443))"],
        check=True,
        capture_output=True,
    ),
}


def met(way: Callable[[], Any]) -> str:
    """`stopped` by the limit, `stopped inside` another error that carries it, or the name of any other end."""
    try:
        way()
    except WrongCloud:
        return "stopped"
    except Exception as error:  # noqa: BLE001 - what it is, is the answer
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, WrongCloud):
            cause = cause.__cause__ or cause.__context__
        return "stopped inside" if cause is not None else type(error).__name__
    return "got out"


if __name__ == "__main__":
    only_loopback()
    print(json.dumps({name: met(way) for name, way in WAYS.items()}))
