"""What is in a process that has preloaded, and has not forked yet: printed as one JSON document."""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import socket
import ssl
import sys
import threading
from collections import Counter
from pathlib import Path

import requests
import zmq
from anyio.from_thread import BlockingPortal

from helpers.headless import preloaded


def living() -> tuple[type, ...]:
    """Types with a connection, a thread or a loop behind each of their instances: none may be copied by a fork."""
    import anthropic
    import azure.core.pipeline
    import azure.core.pipeline.transport
    import httpcore
    import httpcore2
    import httpx
    import httpx2
    import msal
    import msgraph
    import urllib3

    return (
        *(socket.socket, ssl.SSLSocket, ssl.SSLContext, zmq.Context, zmq.Socket, threading.Thread),
        *(asyncio.AbstractEventLoop, BlockingPortal, requests.Session, urllib3.PoolManager),
        *(httpx.Client, httpx.AsyncClient, httpx2.Client, httpx2.AsyncClient),
        *(httpcore.ConnectionPool, httpcore.AsyncConnectionPool, httpcore2.ConnectionPool),
        *(azure.core.pipeline.Pipeline, azure.core.pipeline.transport.HttpTransport, azure.core.PipelineClient),
        *(anthropic.Anthropic, msgraph.GraphServiceClient, msal.ClientApplication),
    )


def main() -> None:
    files = Path("/proc/self/fd")
    before = len(list(files.iterdir()))
    preloaded.preload()
    gc.unfreeze()
    types = living()
    found = Counter(type(one).__name__ for one in gc.get_objects() if isinstance(one, types))
    print(
        json.dumps(
            {
                "found": found,
                "unsafe": preloaded.unsafe_to_fork(),
                "opened": len(list(files.iterdir())) - before,
                "interrupt": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
                "missing": [name for name in preloaded.MODULES if name not in sys.modules],
            }
        )
    )


if __name__ == "__main__":
    main()
