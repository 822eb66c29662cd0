"""Uvicorn's request and response, whose body and answer can also be passed in one piece.

By ASGI, an answer is two events, each a dictionary that passes a coroutine. Uvicorn checks every
header against two patterns and joins the head of its parts. For a route whose head is constant,
that is a tenth of what a request costs. The body is an event as well, and most bodies have come
with their head before a route asks for them.
"""

from collections.abc import Callable

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from angarium_chassis.coalesced_writes import CoalescingTransport


class AnsweringCycle(RequestResponseCycle):
    """One request of a connection, and its response."""

    transport: CoalescingTransport
    flow: FlowControl
    on_response: Callable[..., None]

    def take_body(self, bytes_max: int) -> bytes | None:
        """The whole body, if it has come and has no more than `bytes_max`; otherwise None, and then
        use `receive`."""
        if (
            self.more_body
            or self.disconnected
            or self.waiting_for_100_continue
            or len(self.body) > bytes_max
        ):
            return None
        self.flow.resume_reading()
        self.message_event.clear()
        body, self.body = bytes(self.body), bytearray()
        return body

    def answer(self, status: int, head: bytes, body: bytes) -> bool:
        """Send an answer to a request whose body was read. `head` is the lines of its head, with
        their ends, except Content-Length.

        False if it cannot be sent at once, as when the client does not read; then use `send`.
        """
        if self.response_started or self.disconnected or self.flow.write_paused or self.more_body:
            return False
        self.response_started = self.response_complete = True
        length = b"content-length: %d\r\n" % len(body)
        end = b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n"
        self.transport.write_at_once(b"".join((STATUS_LINE[status], head, length, end, body)))
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
        return True


def cycle_of(send: object) -> AnsweringCycle | None:
    """The cycle whose `send` an application was given; None if something is in between, which may
    want to change the answer.

    An entry in the scope, which the cycle has, would keep both until the garbage collector comes.
    """
    cycle = getattr(send, "__self__", None)
    return cycle if type(cycle) is AnsweringCycle else None
