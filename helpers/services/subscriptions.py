"""The subscriptions the caller can see.

No installed SDK has a client for them, so the request is spelled. Version: 2022-12-01, as Azure documents it.
"""

from __future__ import annotations

from typing import Any

from helpers.model import Found
from helpers.model.subscriptions import Subscription
from helpers.services.replies import look, needed
from helpers.services.resources import Resources

SUBSCRIPTIONS = "2022-12-01"


class Subscriptions(Resources):
    """Reads in the same way: page by page to the end, bounded, never at another host."""

    def all(self) -> Found[tuple[Subscription, ...]]:
        """Every subscription in which the caller has any role, those that are switched off too."""
        return look(lambda: tuple(as_subscription(row) for row in self._rows("/subscriptions", SUBSCRIPTIONS)))


def as_subscription(row: dict[str, Any]) -> Subscription:
    """A subscription from a reply. Its id is in lower case, as parameters are."""
    return Subscription(
        id=str(needed(row["subscriptionId"], "subscriptionId")).lower(),
        name=str(needed(row["displayName"], "displayName")),
        state=row.get("state"),
        tenant_id=row.get("tenantId"),
    )
