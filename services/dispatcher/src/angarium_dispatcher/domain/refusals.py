"""Refusals of commands and queries. Each becomes one `Problem` on the wire."""


class Refused(Exception):
    """Base of all refusals. The message says what to change."""


class NotFound(Refused):
    """The tenant has no such object. `kind` is the word of the API, such as "application"."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"There is no such {kind}. Check its id or uid.")
        self.kind = kind


class AlreadyTaken(Refused):
    """Another object of the same kind has this uid or name. `field` is its name in the domain."""

    def __init__(self, kind: str, field: str, value: str) -> None:
        article = "an" if kind[0] in "aeiou" else "a"
        super().__init__(
            f"There is already {article} {kind} with the {field} {value!r}. Choose another {field}."
        )
        self.kind = kind
        self.field = field
        self.value = value


class InvalidField(Refused):
    """A value that is not acceptable. `field` is its name in the domain, such as `timeout_s`; a
    dot leads into its content (`headers.Host`). `path` leads further in, by names that may
    themselves have dots."""

    def __init__(self, field: str, remedy: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(remedy)
        self.field = field
        self.path = path


class VersionDiffers(Refused):
    """The object has not the version that the command asks for."""

    def __init__(self) -> None:
        super().__init__("The object was changed since you read it. Read it again.")


class QuotaReached(Refused):
    """The tenant has as many objects of this kind as its quota allows."""

    def __init__(self, kind: str, most: int) -> None:
        super().__init__(
            f"The tenant may have at most {most:,} {kind}s, and has them. Delete one, or ask the"
            " operator for a larger quota."
        )


class RotatedTooOften(Refused):
    """As many tokens before the current one are valid as there may be."""

    def __init__(self, most: int, hours: int) -> None:
        super().__init__(
            f"The token was rotated {most} times within {hours} hours, the most that is allowed."
            " Wait until an earlier token has ended."
        )


class EndpointDisabled(Refused):
    """The endpoint is disabled. `reason`: why Angarium disabled it; None when a client did."""

    def __init__(self, reason: str | None) -> None:
        by = "through the API" if reason is None else f"by Angarium ({reason})"
        super().__init__(
            f"The endpoint was disabled {by}. Enable it (`disabled`: false) and try again."
        )
        self.reason = reason


class SecretNotOpened(Refused):
    """A sealed value was sealed with another key, or for another purpose."""

    def __init__(self) -> None:
        super().__init__(
            "The dispatcher cannot decrypt the secret. The operator must set the same"
            " ANGARIUM_ENCRYPTION_KEY for all services."
        )
