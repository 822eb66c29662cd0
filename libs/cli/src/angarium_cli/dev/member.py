"""What the supervisor keeps running."""

from typing import Protocol

from angarium_cli.failure import CommandFailed


class StartFailed(CommandFailed):
    """A process could not be started, or did not become ready."""

    def __init__(self, text: str) -> None:
        super().__init__(text, exit_status=1)


class Member(Protocol):
    """One process of the platform, started again and again as the same member."""

    @property
    def name(self) -> str:
        """`gateway`, `valkey`, …: what people and dev.json call it."""

    @property
    def pid(self) -> int | None:
        """The process last started."""

    async def start(self) -> None:
        """Start it and wait until it is ready. Raises StartFailed; then it does not run."""

    async def ended(self) -> str:
        """Wait until the process has ended by itself; says how, such as `exit status 1`."""

    async def stop(self) -> bool:
        """End it in order; True unless it had to be killed. Harmless when it does not run."""

    def last_lines(self) -> list[str]:
        """The last lines it wrote, oldest first."""
