"""What `angarium dev` was asked for."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

type DatabaseKind = Literal["sqlite", "postgres"]
type LogFormat = Literal["console", "json"]


@dataclass(frozen=True, slots=True)
class DevOptions:
    """The flags. `data_dir` is absolute; `port` 0 takes a free one; no `api_key` makes one."""

    host: str
    port: int
    data_dir: Path
    database: DatabaseKind
    api_key: str | None = field(repr=False)
    demo: bool
    log_format: LogFormat
