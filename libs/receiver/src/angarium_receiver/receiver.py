"""The receiver: verifies requests, and calls the handlers of their events."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

from .answer import OK, Answer
from .decoding import PayloadMismatch
from .errors import CertificateUnavailable, VerificationError
from .event import Event
from .handler import Handler
from .handshakes import HandshakeSecrets
from .inbox import NAME_CHARS_MAX, AsyncInbox, Inbox
from .request import WebhookRequest, first_of
from .senders import STANDARD_WEBHOOKS, Sender

BODY_BYTES_MAX: Final = 1_048_576
HANDLE_TIMEOUT_S: Final = 15.0
READ_TIMEOUT_S: Final = 10.0
ALL_OTHERS: Final = "*"
_logger = logging.getLogger("angarium_receiver")

type HandlerFunction = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class _Call:
    """A verified event, and the call that handles it."""

    event: Event
    handler: Handler
    arguments: dict[str, Any]


class Receiver:
    """Receives the webhooks of one sender at one URL.

    `secrets` is one secret or several, of a rotation for example. `name`, by default that of the
    sender, tells receivers apart that share an inbox: the platform sends a message under one id to
    each endpoint that wants it, and each handles it once. `public_url` is the address at
    which the sender reaches this server, such as `https://example.com`, for senders that sign the
    URL. `payload_at` is the path of the payload in the body, such as `("data",)`; handlers' types
    apply to it. `verify_token` is what Meta's handshake asks for. `handle_timeout_s` is what async
    handlers may take; senders wait for 5 to 30 seconds. `read_timeout_s` is what the body may take
    to arrive, where the framework is async.
    """

    def __init__(
        self,
        secrets: str | Sequence[str],
        *,
        sender: Sender = STANDARD_WEBHOOKS,
        name: str | None = None,
        inbox: Inbox | AsyncInbox | None = None,
        public_url: str | None = None,
        payload_at: tuple[str, ...] = (),
        verify_token: str | None = None,
        body_bytes_max: int = BODY_BYTES_MAX,
        handle_timeout_s: float = HANDLE_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Raises MalformedSecret if a secret is not one of the sender's kind, ValueError for a name
        that is too long."""
        given = (secrets,) if isinstance(secrets, str) else tuple(secrets)
        self.sender = sender
        self.name = sender.name if name is None else name
        if not 0 < len(self.name) <= NAME_CHARS_MAX:
            raise ValueError(f"a name has 1 to {NAME_CHARS_MAX} characters")
        self.body_bytes_max = body_bytes_max
        self.read_timeout_s = read_timeout_s
        self._verifier = sender.scheme.verifier(given)
        self._secrets = HandshakeSecrets(given, verify_token)
        self._inbox: Any = inbox
        self._inbox_is_async = inbox is not None and inbox.is_async
        self._public_url = None if public_url is None else public_url.rstrip("/")
        self._payload_at = payload_at
        self._handle_timeout_s = handle_timeout_s
        self._clock = clock
        self._handlers: dict[str, Handler] = {}

    def on[F: HandlerFunction](self, *event_types: str) -> Callable[[F], F]:
        """Register a handler of these types; of all types without one with `"*"`.

        Raises TypeError if its parameters cannot be filled, ValueError if a type has a handler.
        """
        if not event_types:
            raise TypeError('name the types of events, or "*" for all others')

        def register(function: F) -> F:
            handler = Handler.of(function)
            self._check(handler)
            for each in event_types:
                if each in self._handlers:
                    raise ValueError(f"{each} has a handler already")
                self._handlers[each] = handler
            return function

        return register

    def _check(self, handler: Handler) -> None:
        name = handler.function.__qualname__
        if handler.wants_session and self._inbox is None:
            raise TypeError(f"{name} takes `session`, but the receiver has no inbox")
        if self._inbox is not None and self._inbox_is_async != handler.is_async:
            wanted = "async def" if self._inbox_is_async else "def"
            raise TypeError(f"{name} must be {wanted}, as the inbox is")

    @property
    def needs_async(self) -> bool:
        """True if a handler or the inbox is async: then `handle` cannot be used."""
        return self._inbox_is_async or any(each.is_async for each in self._handlers.values())

    def verify(self, request: WebhookRequest) -> Event:
        """The event of a request. Raises VerificationError, CertificateUnavailable."""
        request = self._as_sent(request)
        self._verifier.verify(request, self._clock())
        return Event(
            receiver=self.name,
            id=first_of(self.sender.event_id, request),
            type=first_of(self.sender.event_type, request),
            request=request,
        )

    def handle(self, request: WebhookRequest) -> Answer:
        """Verify a request and call its handler; gives the answer. What a handler raises passes
        through, so that the framework reports it and answers 500: the sender tries again."""
        if self.needs_async:
            raise TypeError("async handlers need an async framework: await handle_async")
        prepared = self._prepare(request)
        return prepared if isinstance(prepared, Answer) else self._call(prepared)

    async def handle_async(self, request: WebhookRequest) -> Answer:
        """As `handle`, for asyncio. Functions that are not async run in a thread."""
        if self.sender.fetches:
            prepared = await asyncio.to_thread(self._prepare, request)
        else:
            prepared = self._prepare(request)
        if isinstance(prepared, Answer):
            return prepared
        if not prepared.handler.is_async:
            return await asyncio.to_thread(self._call, prepared)
        limit = asyncio.timeout(self._handle_timeout_s)
        try:
            async with limit:
                return await self._call_async(prepared)
        except TimeoutError:
            if not limit.expired():
                raise
            _logger.warning("handler of %s took too long", prepared.event.type)
            return Answer.json({"error": "handler_timed_out"}, 503)

    def too_large(self) -> Answer:
        """The answer to a body that is larger than `body_bytes_max`."""
        return Answer.json({"error": "body_too_large"}, 413)

    def _as_sent(self, request: WebhookRequest) -> WebhookRequest:
        if self._public_url is None:
            return request
        parts = urlsplit(request.url)
        query = f"?{parts.query}" if parts.query else ""
        return replace(request, url=f"{self._public_url}{parts.path}{query}")

    def _prepare(self, request: WebhookRequest) -> Answer | _Call:
        """The call of the handler, or the answer without one."""
        if request.method != "POST":
            return self._answer_to_question(request)
        if len(request.body) > self.body_bytes_max:
            return self.too_large()
        try:
            event = self.verify(request)
        except VerificationError as error:
            _logger.warning("webhook of %s refused: %s", self.name, error)
            return Answer.json({"error": error.code}, 401)
        except CertificateUnavailable as error:
            _logger.warning("webhook of %s not verified: %s", self.name, error)
            return Answer.json({"error": "certificate_unavailable"}, 503)
        return self._answer_to_handshake(event) or self._call_of(event)

    def _answer_to_question(self, request: WebhookRequest) -> Answer:
        # Trello, Mailchimp and others ask with HEAD whether the URL exists.
        if request.method == "HEAD":
            return OK
        handshake = self.sender.handshake
        if request.method == "GET" and handshake is not None:
            return handshake.answer_get(request, self._secrets) or Answer(403)
        return Answer(405)

    def _answer_to_handshake(self, event: Event) -> Answer | None:
        handshake = self.sender.handshake
        if handshake is None:
            return None
        try:
            return handshake.answer_verified(event.request, self._secrets)
        except CertificateUnavailable as error:
            _logger.warning("subscription of %s not confirmed: %s", self.name, error)
            return Answer.json({"error": "confirmation_failed"}, 503)

    def _call_of(self, event: Event) -> Answer | _Call:
        handler = self._handlers.get(event.type or "") or self._handlers.get(ALL_OTHERS)
        if handler is None:
            return self.sender.accepted
        try:
            return _Call(event, handler, handler.arguments(event, self._payload_at))
        except PayloadMismatch as error:
            _logger.warning("payload of %s refused: %s", event.type, error)
            return Answer.json({"error": "payload_mismatch"}, 422)

    def _call(self, call: _Call) -> Answer:
        if self._inbox is None:
            return self._answer(call.handler.function(**call.arguments))
        with self._inbox.claim(call.event.receiver, call.event.key) as claim:
            if claim.duplicate:
                return self.sender.accepted
            return self._answer(call.handler.function(**_with_session(call, claim.session)))

    async def _call_async(self, call: _Call) -> Answer:
        if self._inbox is None:
            return self._answer(await call.handler.function(**call.arguments))
        async with self._inbox.claim(call.event.receiver, call.event.key) as claim:
            if claim.duplicate:
                return self.sender.accepted
            return self._answer(await call.handler.function(**_with_session(call, claim.session)))

    def _answer(self, result: Any) -> Answer:
        return result if isinstance(result, Answer) else self.sender.accepted


def _with_session(call: _Call, session: Any) -> dict[str, Any]:
    if not call.handler.wants_session:
        return call.arguments
    return {**call.arguments, "session": session}
