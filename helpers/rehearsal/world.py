"""One world: its state, one lock, its own clock, and the keys made in it."""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from helpers.rehearsal.clock import Clock
from helpers.rehearsal.material import complete
from helpers.rehearsal.state import Identity, State


class World:
    """All state behind one lock. Services read and change `state` only while the cloud holds the lock for them."""

    def __init__(self, make: Callable[[], State]) -> None:
        self._make = make
        self.lock = threading.RLock()
        self.id = f"rehearsal-{secrets.token_hex(4)}"
        self.token_key = secrets.token_bytes(32)
        """Signs this world's tokens, so that only its own are believed."""
        self.reset()

    def reset(self) -> None:
        """Back to how the world file describes it; tokens issued before stay valid."""
        with self.lock:
            self.state: State = complete(self._make())
            self.clock = Clock(self.state.settings.now)

    def now(self) -> datetime:
        """The world's time, UTC."""
        return self.clock.now()

    def snapshot(self) -> dict[str, Any]:
        """Every object as JSON values, without secrets and private keys."""
        hidden = {"identities": {"__all__": {"client_secret"}}}
        shown: dict[str, Any] = self.state.model_dump(mode="json", exclude=hidden)
        return shown

    def fingerprint(self) -> str:
        """Changes exactly when the world does."""
        return hashlib.sha256(json.dumps(self.snapshot(), sort_keys=True).encode()).hexdigest()

    def identity_of(self, object_id: str) -> Identity | None:
        """Who signs in with this object id, if somebody does."""
        return next((i for i in self.state.identities.values() if i.object_id.lower() == object_id.lower()), None)


def new_guid() -> str:
    """A fresh GUID in the form Azure writes them."""
    return str(uuid.uuid4())
