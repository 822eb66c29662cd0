"""The streams between the services, and the contracts that travel in each.

Names, groups, fields and texts come from the code; who writes a stream stands here.
"""

import ast
import importlib
import inspect
import pkgutil
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import angarium_contracts
import msgspec
from angarium_chassis.streams.query_server import REPLIES_MAX
from angarium_contracts import stream_names
from angarium_contracts.contract import Contract
from angarium_contracts.directory import DirectoryChanged
from angarium_contracts.examination import ExamineService
from angarium_contracts.hot_path import DeliveriesRequested, DeliveriesSettled, MessagesAccepted
from angarium_contracts.queries import Query, Reply
from angarium_dispatcher.adapters.streams.announce_changes import ENTRIES_MAX as CHANGES_MAX
from angarium_dispatcher.adapters.streams.answer_queries import QueryAnswers
from angarium_dispatcher.adapters.streams.dispatch_batches import SETTLED_ENTRIES_MAX
from angarium_gateway.adapters.streams.service_answers import QUESTIONS
from angarium_worker.adapters.streams.worker_answers import WORKER_QUESTIONS

SAMPLES = Path(__file__).resolve().parents[2] / "libs/contracts/tests/golden"


@dataclass(frozen=True)
class Stream:
    """A stream: its address, who writes and reads it, and its contract.

    `parameter` is a part of the address that differs, with its meaning and an example. Without a
    `group`, every process reads all entries. `questions` are what the body of a query may be.
    """

    name: str
    address: str
    contract: type[Contract]
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    group: str | None
    parameter: tuple[str, str, str] | None = None
    kept: str = "until they are acknowledged"
    questions: tuple[type[Contract], ...] = ()


def contracts() -> dict[str, type[Contract]]:
    """All contracts, by their tag, in the order of modules and of definition."""
    found: dict[str, type[Contract]] = {}
    for name in sorted(each.name for each in pkgutil.iter_modules(angarium_contracts.__path__)):
        module = importlib.import_module(f"{angarium_contracts.__name__}.{name}")
        for kind in vars(module).values():
            own = isinstance(kind, type) and kind.__module__ == module.__name__
            if own and issubclass(kind, Contract) and kind is not Contract:
                found[tag(kind)] = kind
    return found


def tag(contract: type[Contract]) -> str:
    """The `type` of a contract on the wire."""
    return str(contract.__struct_config__.tag)


def text(contract: type[msgspec.Struct]) -> str:
    """The docstring; empty if there is none of its own."""
    own = contract.__dict__.get("__doc__")
    return inspect.cleandoc(own) if own else ""


def sample(contract: type[Contract]) -> Any:
    """The stored sample, as JSON: bytes are Base64."""
    return msgspec.json.decode((SAMPLES / f"{tag(contract).replace('/', '-')}.json").read_bytes())


_NUMBER = (
    "number",
    "In braces, from `{0}` to one less than `ANGARIUM_STREAM_COUNT`; the same for an application.",
    "{0}",
)
_REPLICA = ("replica", "The process that reads the stream.", "gateway-7f9c")


def _questions_of_dispatcher() -> tuple[type[Contract], ...]:
    nothing = cast("Any", None)
    # The composition root adds the last one.
    return (*QueryAnswers(nothing, nothing, nothing).questions.types, ExamineService)


STREAMS = (
    Stream(
        "messagesAccepted",
        stream_names.messages_accepted(0).replace("{0}", "{number}"),
        MessagesAccepted,
        ("gateway",),
        ("dispatcher",),
        stream_names.DISPATCHERS,
        _NUMBER,
    ),
    Stream(
        "deliveriesRequested",
        stream_names.deliveries_requested(0).replace("{0}", "{number}"),
        DeliveriesRequested,
        ("dispatcher",),
        ("worker",),
        stream_names.WORKERS,
        _NUMBER,
    ),
    Stream(
        "deliveriesSettled",
        stream_names.deliveries_settled("{replica}"),
        DeliveriesSettled,
        ("worker", "dispatcher"),
        ("gateway",),
        None,
        _REPLICA,
        kept=f"until they are read, about {SETTLED_ENTRIES_MAX:,} at most",
    ),
    Stream(
        "directoryChanged",
        stream_names.DIRECTORY_CHANGED,
        DirectoryChanged,
        ("dispatcher",),
        ("gateway", "worker"),
        None,
        kept=f"about {CHANGES_MAX:,} entries",
    ),
    Stream(
        "dispatcherQueries",
        stream_names.DISPATCHER_QUERIES,
        Query,
        ("gateway", "worker"),
        ("dispatcher",),
        stream_names.DISPATCHERS,
        questions=_questions_of_dispatcher(),
    ),
    Stream(
        "workerQueries",
        stream_names.WORKER_QUERIES,
        Query,
        ("gateway",),
        ("worker",),
        stream_names.WORKERS,
        questions=WORKER_QUESTIONS.types,
    ),
    Stream(
        "gatewayQueries",
        stream_names.GATEWAY_QUERIES,
        Query,
        ("dispatcher", "worker"),
        ("gateway",),
        stream_names.GATEWAYS,
        questions=QUESTIONS.types,
    ),
    Stream(
        "replies",
        stream_names.replies("{replica}"),
        Reply,
        ("dispatcher", "worker", "gateway"),
        ("gateway", "worker", "dispatcher"),
        None,
        _REPLICA,
        kept=f"until they are read, about {REPLIES_MAX:,} at most",
    ),
)


def other_keys() -> dict[str, str]:
    """Keys of Redis that are no streams of contracts, and the meaning of each."""
    names = (
        stream_names.quarantine("{service}"),
        stream_names.EPOCH_KEY,
        stream_names.PROCESSES,
        stream_names.PROCESSES_SEEN,
        stream_names.STREAM_NUMBERS,
        stream_names.readers("{stream}", "{group}"),
        stream_names.reporter("{subject}"),
    )
    parts = (
        "quarantine",
        "EPOCH_KEY",
        "PROCESSES",
        "PROCESSES_SEEN",
        "STREAM_NUMBERS",
        "readers",
        "reporter",
    )
    said = _docstrings(Path(stream_names.__file__))
    return {name: said[part] for name, part in zip(names, parts, strict=True)}


def _docstrings(module: Path) -> dict[str, str]:
    """The docstrings of a module's functions, and those below its constants."""
    found: dict[str, str] = {}
    body = ast.parse(module.read_text()).body
    for node, following in pairwise([*body, ast.Pass()]):
        match node, following:
            case ast.FunctionDef(name=name), _:
                found[name] = ast.get_docstring(node) or ""
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(ast.Constant(str(text))):
                found[name] = text
    return found


def answers() -> list[type[Contract]]:
    """The types that the body of a reply may have."""
    others = {each.contract for each in STREAMS}
    others |= {question for each in STREAMS for question in each.questions}
    return [kind for kind in contracts().values() if kind not in others]
