"""Commands for one slot of a cluster, and pipelines over several slots."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self, override

from redis.asyncio.cluster import ClusterPipeline, PipelineCommand
from redis.exceptions import DataError

if TYPE_CHECKING:
    from .cluster_client import ClusterClient

_READS = ("XREAD", "XREADGROUP")
_SCRIPTS = ("EVAL", "EVALSHA", "FCALL")
KEYLESS = frozenset({"PING", "TIME", "INFO", "CLUSTER INFO"})
"""Commands that name no key, of those that Angarium sends."""


def key_of(args: Sequence[Any]) -> Any:
    """The first key of a command, or None for one without.

    Every command that Angarium sends has its keys in one slot. redis-py asks a server for the
    positions of the keys of all commands, each time when it reads the topology.
    """
    name = args[0]
    if name in KEYLESS:
        return None
    if name in _READS:
        return next(
            (args[at + 1] for at, each in enumerate(args) if each in {"STREAMS", b"STREAMS"}), None
        )
    if name in _SCRIPTS:
        return args[3]
    return args[1]


class SlotPipeline(ClusterPipeline):
    """A pipeline whose commands may be of several slots.

    The commands of a slot are sent together, with `atomic` as one transaction. The slots follow
    one another in the order of each one's last command. So what is added last is executed only if
    all that comes before it was. A command without a key goes where the command before it goes.

    redis-py's pipeline runs a thread and an event loop for each command of a transaction, and
    refuses a transaction over several slots.
    """

    def __init__(self, client: "ClusterClient", *, atomic: bool) -> None:
        super().__init__(client)
        self._client = client
        self._atomic = atomic
        self._commands: list[PipelineCommand] = []

    def __len__(self) -> int:
        return len(self._commands)

    @override
    async def initialize(self) -> Self:
        return self

    @override
    def execute_command(self, *args: Any, **options: Any) -> Self:
        options.pop("keys", None)
        self._commands.append(PipelineCommand(len(self._commands), *args, **options))
        return self

    @override
    async def execute(
        self, raise_on_error: bool = True, allow_redirections: bool = True
    ) -> list[Any]:
        """Send what was added, and return the answers in its order.

        Raises the first error. What is of later slots is not executed then.
        """
        commands, self._commands = self._commands, []
        answers: list[Any] = [None] * len(commands)
        for slot, some in self._by_slot(commands).items():
            found = await self._client.on_slot(slot, some, atomic=self._atomic)
            for command, answer in zip(some, found, strict=True):
                if raise_on_error and isinstance(answer, Exception):
                    raise answer
                answers[command.position] = answer
        return answers

    def _by_slot(self, commands: Sequence[PipelineCommand]) -> dict[int, list[PipelineCommand]]:
        found: dict[int, list[PipelineCommand]] = {}
        slot: int | None = None
        for command in commands:
            key = key_of(command.args)
            if key is not None:
                slot = self._client.keyslot(key)
            if slot is None:
                raise DataError(f"{command.args[0]} has no key, and nothing is before it")
            # Taken out and put back: a dictionary keeps the order of insertion.
            found[slot] = [*found.pop(slot, ()), command]
        return found

    def time(self, **_: Any) -> Self:  # type: ignore[override]
        """Ask for the time. redis-py blocks it in pipelines of a cluster."""
        return self.execute_command("TIME")

    @override
    async def reset(self) -> None:  # type: ignore[override]
        self._commands = []
