"""What a server says instead of an answer (RFC 9457 problem JSON). Networks fail with httpx's own errors."""

from __future__ import annotations

import httpx


class LookalikeError(Exception):
    """The server did not answer the question.

    `status` is HTTP's, `code` the server's name for the problem (`not_a_picture`), `detail` its words, `request_id` what
    its log calls the request, `retry_after` the seconds to wait where it names them, `problem` all it said.
    """

    def __init__(self, response: httpx.Response) -> None:
        try:
            problem = response.json()
        except ValueError:
            problem = {}
        self.problem: dict[str, object] = problem if isinstance(problem, dict) else {}
        self.status = response.status_code
        self.code = str(self.problem.get("code") or "")
        self.detail = str(self.problem.get("detail") or response.reason_phrase)
        self.request_id = response.headers.get("x-request-id")
        self.retry_after = retry_after(response)
        super().__init__(f"{self.status} {self.code}: {self.detail}" if self.code else f"{self.status}: {self.detail}")


class Refused(LookalikeError):
    """401, 403, 421: the key is missing, unknown, or may not do that."""


class NotFound(LookalikeError):
    """404: the catalog has no such product or image."""


class Conflict(LookalikeError):
    """409: a photo is another product's already; `problem["checks"]` says whose."""


class Invalid(LookalikeError):
    """Other 4xx: not a picture, or a parameter that cannot be."""


class Busy(LookalikeError):
    """429, 503: come back in `retry_after` seconds. Raised once the client's own tries are used up."""


class ServerError(LookalikeError):
    """Other 5xx: the server's log says more about `request_id`."""


def retry_after(response: httpx.Response) -> float | None:
    """The seconds that the server asks to wait, where it names them."""
    text = response.headers.get("retry-after", "")
    return float(text) if text.isdigit() else None


def error_of(response: httpx.Response) -> LookalikeError:
    """The error that an answer of 400 or above is."""
    status = response.status_code
    kinds = {401: Refused, 403: Refused, 421: Refused, 404: NotFound, 409: Conflict, 429: Busy, 503: Busy}
    kind = kinds.get(status, ServerError if status >= 500 else Invalid)
    return kind(response)
