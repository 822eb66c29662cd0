"""Imports of a service's program without the parts of libraries that no service uses.

SQLAlchemy's asyncio package imports the ORM, Uvicorn its command line, structlog Rich, and redis
the metrics of OpenTelemetry: an eighth of a process's memory.
"""

import gc
import importlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from importlib.abc import Loader

_ABSENT: Final = ("rich", "colorama", "opentelemetry")
"""Packages that libraries import if they are installed, and do without otherwise."""

_DEFERRED: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "sqlalchemy.ext.asyncio": {
        "engine": ("AsyncConnection", "AsyncEngine", "AsyncTransaction", "create_async_engine"),
        "exc": (),
    },
    "uvicorn": {"config": ("Config",), "server": ("Server",)},
}
"""Packages whose `__init__` runs when a name is needed that is in none of these submodules."""


@contextmanager
def lean_imports() -> Iterator[None]:
    """Import what follows without the unused parts. What is imported already stays as it is.

    Afterwards, `_ABSENT` can be imported again: traces are exported with OpenTelemetry.
    Garbage is not collected within: imports leave hardly any, and each collection would examine
    all that they have made.
    """
    absent = [name for name in _ABSENT if name not in sys.modules]
    finder = _DeferringFinder()
    collected = gc.isenabled()
    gc.disable()
    sys.meta_path.insert(0, finder)
    # With None for a module, importing it raises ModuleNotFoundError.
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
        sys.meta_path.remove(finder)
        if collected:
            gc.enable()


class _DeferringFinder:
    """Finds the packages of `_DEFERRED`."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in _DEFERRED:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _DeferringLoader(spec.loader)  # type: ignore[assignment]
        return spec


class _DeferringLoader:
    """Makes a package whose `__init__` has not run yet."""

    def __init__(self, loader: "Loader") -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _DeferredPackage(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


class _DeferredPackage(ModuleType):
    """A package of `_DEFERRED` until its `__init__` has run."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        submodules = _DEFERRED[self.__name__]
        if name in submodules:
            return importlib.import_module(f"{self.__name__}.{name}")
        for submodule, names in submodules.items():
            if name in names:
                return getattr(importlib.import_module(f"{self.__name__}.{submodule}"), name)
        self._run_init()
        try:
            return self.__dict__[name]
        except KeyError:
            raise AttributeError(name) from None

    def _run_init(self) -> None:
        spec = self.__spec__
        # Once only: from then on the module is an ordinary one.
        self.__class__ = ModuleType  # type: ignore[assignment]
        if spec is not None and isinstance(spec.loader, _DeferringLoader):
            spec.loader = spec.loader.loader
            spec.loader.exec_module(self)
