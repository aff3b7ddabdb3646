"""The signature as a Sigstore bundle v0.3 around a DSSE envelope, with a public key hint and no transparency log.

Strict: a bundle is read only where writing its values again gives the same bytes, so that nothing unsigned in it can be
changed. Sources: sigstore protobuf-specs 0.5 (bundle v0.3), DSSE protocol v1.0.2; read 2026-11.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from helpers.evidence.dsse import PAYLOAD_TYPE
from helpers.evidence.strict_json import NotStrict, fields, is_written_so, parsed, written

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"


@dataclass(frozen=True)
class Bundle:
    """A signature over a payload, the hint of the key that made it, and the time-stamp reply over it, if any."""

    payload: bytes
    signature: bytes
    hint: str
    token: bytes | None = None

    def document(self) -> dict[str, Any]:
        """It as a Sigstore bundle."""
        stamps = [] if self.token is None else [{"signedTimestamp": _text64(self.token)}]
        material: dict[str, Any] = {"publicKey": {"hint": self.hint}}
        if stamps:
            material["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
        envelope = {
            "payload": _text64(self.payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": _text64(self.signature)}],
        }
        return {"dsseEnvelope": envelope, "mediaType": MEDIA_TYPE, "verificationMaterial": material}

    def written(self) -> bytes:
        """Its bytes: what seal.sigstore.json holds."""
        return written(self.document())


def parse(data: bytes) -> Bundle:
    """The bundle in these bytes. Raises NotStrict unless they are exactly what writing it again gives."""
    document = fields(parsed(data), ("dsseEnvelope", "mediaType", "verificationMaterial"))
    envelope = fields(document["dsseEnvelope"], ("payload", "payloadType", "signatures"))
    material = fields(document["verificationMaterial"], ("publicKey",), ("timestampVerificationData",))
    hint = fields(material["publicKey"], ("hint",))["hint"]
    if not isinstance(hint, str) or len(_bytes64(hint)) != 32:
        raise NotStrict("the hint is not that of a key")
    bundle = Bundle(
        payload=_bytes64(envelope["payload"]),
        signature=_bytes64(fields(_only(envelope["signatures"]), ("sig",))["sig"]),
        hint=hint,
        token=_token(material.get("timestampVerificationData")),
    )
    if not is_written_so(bundle.document(), data):
        raise NotStrict("not in the form in which a bundle is written")
    return bundle


def _token(value: Any) -> bytes | None:
    if value is None:
        return None
    stamps = fields(value, ("rfc3161Timestamps",))["rfc3161Timestamps"]
    return _bytes64(fields(_only(stamps), ("signedTimestamp",))["signedTimestamp"])


def _only(value: Any) -> Any:
    if not isinstance(value, list) or len(value) != 1:
        raise NotStrict("not one where there must be one")
    return value[0]


def _text64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes64(text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise NotStrict("not base64") from None
