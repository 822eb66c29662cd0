"""Runs the short-lived process that migrates the databases and makes the API key."""

import asyncio
import json
from collections.abc import Sequence

from angarium_cli.dev.preparation import Task, encode_task
from angarium_cli.failure import CommandFailed


async def prepare_databases(command: Sequence[str], task: Task) -> str:
    """Give the API key that is valid now. Raises CommandFailed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        umask=0o077,
    )
    try:
        answer, complaints = await process.communicate(encode_task(task))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        lines = complaints.decode(errors="replace").strip().splitlines() or ["nothing was said"]
        raise CommandFailed(f"the databases could not be prepared: {lines[-1]}", exit_status=1)
    found: dict[str, str] = json.loads(answer)
    if "refused" in found:
        raise CommandFailed(found["refused"])
    return found["api_key"]
