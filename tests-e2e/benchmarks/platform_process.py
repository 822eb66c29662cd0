"""The platform under measurement: `angarium dev` in a folder of its own."""

import asyncio
import os
import shlex
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec
import psutil
from failure import BenchmarkFailed
from tools import end

_READY_TIMEOUT_S = 90.0
_READY_POLL_S = 0.05
_STOP_TIMEOUT_S = 60.0
_LOG_TAIL_LINES = 15
_REQUESTS_AT_ONCE = 16


class DevFile(msgspec.Struct):
    """What `angarium dev` writes to dev.json, as far as it is needed here."""

    api_url: str
    api_key: str
    pids: dict[str, int]
    database_urls: dict[str, str] = {}
    redis_url: str = ""
    internal_urls: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"DevFile(api_url={self.api_url!r}, pids={self.pids!r})"


@dataclass(frozen=True, slots=True)
class Platform:
    """A running platform; `pids` by name, the supervisor as `dev`."""

    url: str
    key: str
    pids: dict[str, int]
    database_urls: Mapping[str, str] = field(default_factory=dict)
    redis_url: str = ""
    internal_urls: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Platform(url={self.url!r}, pids={self.pids!r})"

    async def new_tenant_key(self, command: str, name: str) -> str:
        """Create a tenant with the operator's command line; gives its API key."""
        options = ("--new-tenant", "--tenant", name)
        return await self.run_command(command, "keys", "create", "benchmark", *options)

    async def run_command(self, command: str, *arguments: str) -> str:
        """Run a command of the operator's command line; gives what it printed."""
        process = await asyncio.create_subprocess_exec(
            *shlex.split(command),
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            env=os.environ
            | {"ANGARIUM_GATEWAY_DATABASE_URL": self.database_urls.get("gateway", "")},
        )
        try:
            printed, _ = await asyncio.wait_for(process.communicate(), _READY_TIMEOUT_S)
        finally:
            await end(process, signal.SIGTERM, _STOP_TIMEOUT_S)
        if process.returncode != 0:
            named = " ".join(arguments[:2])
            raise BenchmarkFailed(f"angarium {named} ended with {process.returncode}")
        return printed.decode().strip()

    async def new_application(self, endpoint_url: str) -> str:
        """Create an application with one endpoint; gives the path to post its messages to."""
        return (await self.new_applications([[endpoint_url]]))[0]

    async def new_applications(
        self,
        endpoint_urls: Sequence[Sequence[str]],
        options: Mapping[str, object] | None = None,
    ) -> list[str]:
        """Create an application for each list of endpoints, all with these options; gives the paths
        to post messages to, in the same order."""
        turns = asyncio.Semaphore(_REQUESTS_AT_ONCE)
        headers = {"authorization": f"Bearer {self.key}"}
        async with httpx.AsyncClient(base_url=self.url, headers=headers, timeout=30) as client:

            async def create(path: str, body: Mapping[str, object]) -> str:
                async with turns:
                    answer = await client.post(path, json=body)
                answer.raise_for_status()
                return str(answer.json()["id"])

            ids = await asyncio.gather(
                *(create("/api/v1/app", {"name": "benchmark"}) for _ in endpoint_urls)
            )
            paths = [f"/api/v1/app/{application_id}" for application_id in ids]
            await asyncio.gather(
                *(
                    create(f"{path}/endpoint", {"url": url, **(options or {})})
                    for path, urls in zip(paths, endpoint_urls, strict=True)
                    for url in urls
                )
            )
        return [f"{path}/msg" for path in paths]


@asynccontextmanager
async def running_platform(
    command: str, database: str, folder: Path, settings: Mapping[str, str] | None = None
) -> AsyncIterator[Platform]:
    """`angarium dev` on the given database, ended with all its processes at the end.

    `command` runs angarium, in words as a shell would split them; `settings` are environment
    variables of its own.
    """
    data_dir = folder / "data"
    log_path = folder / "dev.log"
    with log_path.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *shlex.split(command),
            *("dev", "--database", database, "--no-demo", "--port", "0"),
            *("--data-dir", str(data_dir), "--log-format", "json"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=os.environ | dict(settings or {}),
        )
    family: list[psutil.Process] = []
    try:
        ready = await _await_ready(process, data_dir / "dev.json", log_path)
        family = psutil.Process(process.pid).children(recursive=True)
        pids = ready.pids | {"dev": process.pid}
        yield Platform(
            ready.api_url,
            ready.api_key,
            pids,
            ready.database_urls,
            ready.redis_url,
            ready.internal_urls,
        )
    finally:
        with suppress(psutil.NoSuchProcess):
            family += psutil.Process(process.pid).children(recursive=True)
        await end(process, signal.SIGINT, _STOP_TIMEOUT_S)
        for left in set(family):
            with suppress(psutil.NoSuchProcess):
                left.kill()


async def _await_ready(
    process: asyncio.subprocess.Process, dev_file: Path, log_path: Path
) -> DevFile:
    try:
        async with asyncio.timeout(_READY_TIMEOUT_S):
            # There is no event to await: the file is the platform's only sign to other programs.
            while process.returncode is None:
                # Decoding fails while the file is absent or half written.
                with suppress(FileNotFoundError, msgspec.DecodeError):
                    return _read(dev_file)
                await asyncio.sleep(_READY_POLL_S)
        reason = f"it ended with {process.returncode}"
    except TimeoutError:
        reason = f"it was not ready after {_READY_TIMEOUT_S:g} s"
    raise BenchmarkFailed(
        f"angarium dev did not start: {reason}. The end of its log:\n{_tail(log_path)}"
    )


def _read(dev_file: Path) -> DevFile:
    return msgspec.json.decode(dev_file.read_bytes(), type=DevFile)


def _tail(log_path: Path) -> str:
    lines = log_path.read_text(errors="replace").splitlines()
    return "\n".join(lines[-_LOG_TAIL_LINES:])
