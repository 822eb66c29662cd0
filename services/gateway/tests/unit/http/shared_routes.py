"""The routes of the API, created once for all tests of a process: this takes 0.1 s.

Everything with a state is the test's own: its use cases, its limiters and the models under them.
"""

from dataclasses import dataclass, field, fields
from typing import Any, cast

from angarium_gateway.adapters.http.application import create_api
from angarium_gateway.adapters.http.dependencies import ApiDependencies
from litestar.types import ASGIApp

_NAMES = frozenset(item.name for item in fields(ApiDependencies))
_VALUES = frozenset(
    {"batch_bytes_max", "body_bytes_max", "documentation_url", "oidc", "public_url"}
)


@dataclass
class SharedRoutes:
    """Creates routes for the dependencies of one test, and uses them for those of the next."""

    created: dict[int, ASGIApp] = field(default_factory=dict)
    """By the bound on bodies: routes are created with it."""

    current: ApiDependencies | None = None

    def __call__(self, deps: ApiDependencies) -> ASGIApp:
        """Implement `create_routes` of `build_gateway`; the routes serve these dependencies until
        it is called again."""
        self.current = deps
        if deps.body_bytes_max not in self.created:
            self.created[deps.body_bytes_max] = create_api(
                cast("ApiDependencies", _CurrentDependencies(self))
            )
        return self.created[deps.body_bytes_max]


class _CurrentDependencies:
    """Stands for the dependencies of the test that runs."""

    def __init__(self, routes: SharedRoutes) -> None:
        self._routes = routes

    def __getattr__(self, name: str) -> Any:
        if name not in _NAMES:
            raise AttributeError(name)
        if name in _VALUES:
            return getattr(self._routes.current, name)
        return _CurrentDependency(self._routes, name)


class _CurrentDependency:
    """Stands for one dependency, an object or a function."""

    def __deepcopy__(self, _memo: object) -> "_CurrentDependency":
        """Litestar copies the routes of a router that it registers; this is no part of them."""
        return self

    def __init__(self, routes: SharedRoutes, name: str) -> None:
        self._routes, self._name = routes, name

    def __getattr__(self, name: str) -> Any:
        return getattr(getattr(self._routes.current, self._name), name)

    def __call__(self, *args: Any, **named: Any) -> Any:
        return getattr(self._routes.current, self._name)(*args, **named)
