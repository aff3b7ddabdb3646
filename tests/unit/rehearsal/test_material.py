"""Key material: fresh for every key version, or one private key for all of a size where a drill asks for that."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from helpers.rehearsal import material
from helpers.rehearsal.state import KeyVersion
from helpers.rehearsal.vault import gate, rules
from helpers.rehearsal.world import World
from helpers.rehearsal.worldfile import load

KEYS = """
base: healthy
set:
  settings.shared_keys: {shared}
  vaults.kv-contoso-claude.keys:
    one: {{versions: {{{first}: {{size: 2048}}, {second}: {{size: 2048}}}}}}
    two: {{versions: {{{first}: {{size: 2048, kty: RSA-HSM}}}}}}
    big: {{versions: {{{first}: {{size: 3072}}}}}}
"""


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The sizes of the private keys that are made, in a process that has none to share yet."""
    sizes: list[int] = []
    generate = material.generate

    def counting(version: KeyVersion) -> KeyVersion:
        sizes.append(version.size)
        return generate(version)

    monkeypatch.setattr(material, "generate", counting)
    material._shared.cache_clear()
    yield sizes
    material._shared.cache_clear()


def versions(folder: Path, shared: str) -> list[KeyVersion]:
    """The key versions of a world with four."""
    world = folder / "keys.yaml"
    world.write_text(KEYS.format(shared=shared, first="a" * 32, second="b" * 32))
    state = World(lambda: load(world)).state
    return [version for key in state.vaults["kv-contoso-claude"].keys.values() for version in key.versions.values()]


def test_every_version_has_a_key_of_its_own(tmp_path: Path, made: list[int]) -> None:
    """Unless the world says otherwise."""
    found = versions(tmp_path, "false")
    assert len({version.n for version in found}) == len({version.pem for version in found}) == 4
    assert sorted(made) == [2048, 2048, 2048, 3072]


def test_versions_of_a_size_share_a_key(tmp_path: Path, made: list[int]) -> None:
    """One private key of each size in a process, also for the next world; everything else of a version is its own."""
    first, again = versions(tmp_path, "true"), versions(tmp_path, "true")
    assert sorted(made) == [2048, 3072]
    assert [version.n for version in first] == [version.n for version in again]
    assert len({version.n for version in first}) == 2
    assert [(version.kty, version.size) for version in first] == [
        ("RSA", 2048),
        ("RSA", 2048),
        ("RSA-HSM", 2048),
        ("RSA", 3072),
    ]


def test_keys_made_and_rotated_later_share_it_too(made: list[int]) -> None:
    """Whatever makes a version in such a world takes the one key; the state shown says so."""
    world = World(lambda: load("healthy"))
    world.state.settings.shared_keys = True
    at = gate.site(world, "kv-contoso-claude.vault.azure.net")
    found = [rules.create(world, at, name, {"kty": "RSA", "key_size": 2048})[2] for name in ("one", "two")]
    found.append(rules.rotate(world, at, "one")[2])
    assert (len({version.n for version in found}), made) == (1, [2048])
    assert world.snapshot()["settings"]["shared_keys"] is True


def test_a_shared_key_is_a_real_one(made: list[int]) -> None:
    """It opens what its public part closed."""
    private = material.private_key(material.shared(KeyVersion(size=2048)).pem)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    assert private.decrypt(private.public_key().encrypt(b"data key", oaep), oaep) == b"data key"
    assert private.key_size == 2048


def test_of_two_at_once_one_makes_the_key(made: list[int]) -> None:
    """The other waits for it."""
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: material.shared(KeyVersion(size=2048)).n, range(4)))
    assert (len(set(found)), made) == (1, [2048])
