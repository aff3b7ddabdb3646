"""What is signed: DSSE's pre-authentication encoding of the statement. Source: DSSE protocol v1.0.2, read 2026-11."""

from __future__ import annotations

PAYLOAD_TYPE = "application/vnd.in-toto+json"


def pae(payload: bytes, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """The bytes that a signature is over: the payload with its type and both lengths before it."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
