"""The middleware of the Graph client: the SDK's own, without its long sleeps (see patience)."""

from __future__ import annotations

import httpx
from kiota_http.kiota_client_factory import KiotaClientFactory
from kiota_http.middleware import BaseMiddleware, RetryHandler
from kiota_http.middleware.options import RetryHandlerOption
from kiota_http.middleware.retry_handler import RETRY_ATTEMPT
from msgraph_core.middleware import GraphTelemetryHandler

from helpers.services.patience import asked, too_long


class Patient(RetryHandler):
    """Retries, but not after a reply that asks for too long a wait."""

    def should_retry(self, request: httpx.Request, options: RetryHandlerOption, response: httpx.Response) -> bool:
        """As the SDK decides; a try says in a header of its own which one it is."""
        tries = int(response.request.headers.get(RETRY_ATTEMPT, "0"))
        if too_long(asked(response.headers), tries):
            return False
        return bool(super().should_retry(request, options, response))


def middleware() -> list[BaseMiddleware]:
    """All that GraphClientFactory.create_with_default_middleware puts together, with other retries."""
    stock = KiotaClientFactory.get_default_middleware(None)
    return [*(Patient() if isinstance(one, RetryHandler) else one for one in stock), GraphTelemetryHandler()]
