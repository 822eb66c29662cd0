"""Why a command or query is refused. Each becomes one `Problem` on the wire."""


class Refused(Exception):
    """Base of all refusals. The text says what to change."""


class NotFound(Refused):
    """The tenant has no such object. `kind` is the word of the API, such as "application"."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"There is no such {kind}; check its id or uid.")
        self.kind = kind


class AlreadyTaken(Refused):
    """Another object of the same kind has this uid or name. `member` as the API spells it."""

    def __init__(self, kind: str, member: str, value: str) -> None:
        article = "an" if kind[0] in "aeiou" else "a"
        super().__init__(
            f"There is {article} {kind} with the {member} {value!r} already; choose another."
        )
        self.kind = kind
        self.member = member
        self.value = value


class InvalidMember(Refused):
    """A member that cannot be accepted. `member` as the API spells it."""

    def __init__(self, member: str, remedy: str) -> None:
        super().__init__(remedy)
        self.member = member


class EndpointDisabled(Refused):
    """The endpoint takes no messages. `reason`: why Angarium disabled it; None: a client did."""

    def __init__(self, reason: str | None) -> None:
        by = "through the API" if reason is None else f"by Angarium ({reason})"
        super().__init__(
            f"The endpoint was disabled {by}; enable it (disabled: false), then send again."
        )
        self.reason = reason


class SecretNotOpened(Refused):
    """Something was sealed with another key, or for another purpose."""

    def __init__(self) -> None:
        super().__init__(
            "The dispatcher cannot open the secret it was sent; the operator must give all"
            " services the same ANGARIUM_ENCRYPTION_KEY."
        )
