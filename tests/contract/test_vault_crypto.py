"""Using keys at a vault: real RSA, and the key's own conditions."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from helpers.rehearsal.vault import ROUTES
from tests.contract.contracts import structure_errors
from tests.contract.key_requests import HOST, NEW, OLD, problems, refusal, with_key

SECRET = b"a data encryption key, 32 bytes."
DIGEST = hashlib.sha256(b"a document").digest()
PAIRS = {"wrapkey": "unwrapkey", "encrypt": "decrypt"}
NAMES = {"wrapkey": "wrapKey", "unwrapkey": "unwrapKey"}


@pytest.fixture
def cloud(make_cloud):
    """A healthy world without keys."""
    return make_cloud("healthy", ROUTES)


def encoded(data):
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text):
    """Out of base64url without padding."""
    return base64.urlsafe_b64decode(text + "==")


def use(cloud, operation, value=SECRET, alg="RSA-OAEP-256", version="", **members):
    """One crypto operation on the key `cmk`."""
    body = {"alg": alg, "value": encoded(value), **members}
    return cloud.send("POST", HOST, f"/keys/cmk/{version}/{operation}", body)


def public_key(cloud):
    """The public key as a client reads it."""
    key = cloud.send("GET", HOST, "/keys/cmk/").body["key"]
    return rsa.RSAPublicNumbers(*(int.from_bytes(decoded(key[part])) for part in ("e", "n"))).public_key()


@pytest.mark.parametrize("alg", ["RSA-OAEP", "RSA-OAEP-256", "RSA1_5"])
@pytest.mark.parametrize("operation", ["wrapkey", "encrypt"])
def test_what_goes_in_comes_out(cloud, contracts, operation, alg):
    """Wrapping and unwrapping, encrypting and decrypting give the value back, by the version that was named."""
    with_key(with_key(cloud), version=NEW)
    closed = use(cloud, operation, alg=alg, version=OLD)
    assert closed.body["kid"] == f"https://{HOST}/keys/cmk/{OLD}"
    assert structure_errors("key_wrap_200", closed.body) == []
    opened = use(cloud, PAIRS[operation], decoded(closed.body["value"]), alg, OLD)
    assert decoded(opened.body["value"]) == SECRET
    for name, reply in ((operation, closed), (PAIRS[operation], opened)):
        assert problems(NAMES.get(name, name), reply) == []


def test_the_vault_opens_what_a_client_closed(cloud):
    """A value wrapped with the public key that GetKey shows is unwrapped by the vault."""
    with_key(cloud)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    opened = use(cloud, "unwrapkey", public_key(cloud).encrypt(SECRET, oaep))
    assert decoded(opened.body["value"]) == SECRET


@pytest.mark.parametrize("path", ["/keys/cmk//wrapkey", "/keys/cmk/wrapkey", "/keys/CMK//wrapKey"])
def test_without_a_version_the_newest_one_is_used(cloud, path):
    """An empty version, which leaves two slashes, means the newest one."""
    with_key(with_key(cloud), version=NEW)
    reply = cloud.send("POST", HOST, path, {"alg": "RSA-OAEP", "value": encoded(SECRET)})
    assert reply.body["kid"] == f"https://{HOST}/keys/cmk/{NEW}"


@pytest.mark.parametrize("alg", ["RS256", "PS256"])
def test_a_signature_is_verified_and_a_false_one_is_not(cloud, contracts, alg):
    """Sign and verify agree with each other and with a client; another digest's signature is answered false."""
    with_key(cloud)
    signed = use(cloud, "sign", DIGEST, alg)
    assert problems("sign", signed) == []
    signature = decoded(signed.body["value"])
    scheme = padding.PKCS1v15() if alg == "RS256" else padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    public_key(cloud).verify(signature, b"a document", scheme, hashes.SHA256())
    verified = use(cloud, "verify", signature, alg, digest=encoded(DIGEST))
    assert problems("verify", verified) == []
    assert verified.body == {"value": True}
    assert use(cloud, "verify", signature, alg, digest=encoded(bytes(32))).body == {"value": False}


@pytest.mark.parametrize("operation", ["encrypt", "decrypt", "sign", "verify", "unwrapkey"])
def test_an_operation_the_key_does_not_list_is_refused(cloud, contracts, operation):
    """What is not in key_ops is 403 KeyOperationForbidden, whatever the caller's role."""
    with_key(cloud, key_ops=["wrapKey"])
    reply = use(cloud, operation)
    assert refusal(reply) == (403, "Forbidden", "KeyOperationForbidden")
    assert problems(NAMES.get(operation, operation), reply) == []
    assert use(cloud, "wrapkey").status == 200


def test_a_disabled_key_opens_nothing(cloud):
    """A disabled key refuses unwrapKey, decrypt and sign as KeyDisabled; wrapKey, encrypt and verify stay allowed."""
    with_key(cloud)
    closed = decoded(use(cloud, "wrapkey").body["value"])
    cloud.send("PATCH", HOST, "/keys/cmk/", {"attributes": {"enabled": False}})
    assert refusal(use(cloud, "unwrapkey", closed)) == (403, "Forbidden", "KeyDisabled")
    assert refusal(use(cloud, "decrypt", closed)) == (403, "Forbidden", "KeyDisabled")
    assert refusal(use(cloud, "sign", DIGEST, "RS256")) == (403, "Forbidden", "KeyDisabled")
    assert use(cloud, "wrapkey").status == use(cloud, "encrypt").status == 200
    assert use(cloud, "verify", b"no signature", "RS256", digest=encoded(DIGEST)).body == {"value": False}
    cloud.send("PATCH", HOST, "/keys/cmk/", {"attributes": {"enabled": True}})
    assert decoded(use(cloud, "unwrapkey", closed).body["value"]) == SECRET


@pytest.mark.parametrize(
    ("field", "hours", "inner"), [("expires", -1, "KeyExpired"), ("not_before", 1, "KeyNotYetValid")]
)
def test_outside_its_time_a_key_opens_but_does_not_close(cloud, field, hours, inner):
    """Expired or not yet valid, a key refuses wrapKey, encrypt and sign, and goes on to unwrap, decrypt and verify."""
    with_key(cloud)
    closed = decoded(use(cloud, "wrapkey").body["value"])
    with_key(cloud, **{field: cloud.world.now() + timedelta(hours=hours)})
    assert refusal(use(cloud, "wrapkey")) == (403, "Forbidden", inner)
    assert refusal(use(cloud, "encrypt")) == (403, "Forbidden", inner)
    assert refusal(use(cloud, "sign", DIGEST, "RS256")) == (403, "Forbidden", inner)
    assert use(cloud, "unwrapkey", closed).status == use(cloud, "decrypt", closed).status == 200
    assert use(cloud, "verify", b"no signature", "RS256", digest=encoded(DIGEST)).status == 200


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("wrapkey", {"value": "not base64url"}),
        ("wrapkey", {"value": ""}),
        ("wrapkey", {"value": None}),
        ("wrapkey", {"value": encoded(bytes(300))}),
        ("wrapkey", {"alg": "A256KW"}),
        ("wrapkey", {"alg": None}),
        ("unwrapkey", {"value": encoded(bytes(256))}),
        ("unwrapkey", {"value": encoded(b"short")}),
        ("sign", {"alg": "RS256", "value": encoded(b"no digest")}),
        ("sign", {"alg": "ES256", "value": encoded(DIGEST)}),
        ("verify", {"alg": "RS256", "value": encoded(b"x")}),
    ],
)
def test_a_value_or_algorithm_that_does_not_fit_is_refused(cloud, operation, members):
    """Values that are not base64url, too long or made by nobody, and algorithms RSA does not have, are 400."""
    with_key(cloud)
    reply = cloud.send("POST", HOST, f"/keys/cmk/{OLD}/{operation}", {"alg": "RSA-OAEP", "value": "QQ", **members})
    assert refusal(reply) == (400, "BadParameter", None)


def test_a_missing_version_cannot_be_used(cloud):
    """Using a version or a key that is not there is 404."""
    assert refusal(use(cloud, "wrapkey")) == (404, "KeyNotFound", None)
    with_key(cloud)
    assert refusal(use(cloud, "wrapkey", version=NEW)) == (404, "KeyNotFound", None)


def test_using_a_key_is_no_write(cloud):
    """Crypto operations leave the world as it was, and the log says so."""
    with_key(cloud)
    use(cloud, "wrapkey")
    use(cloud, "sign", DIGEST, "PS256")
    assert [row["wrote"] for row in cloud.journal.rows()] == [False, False]
