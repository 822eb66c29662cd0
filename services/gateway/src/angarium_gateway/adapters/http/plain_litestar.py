"""Litestar as the API uses it."""

from typing import override

from litestar import Litestar
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin


class PlainLitestar(Litestar):
    """Litestar without its support for models of pydantic and attrs.

    No handler takes such a model, and importing pydantic's two versions of them takes megabytes.
    """

    @staticmethod
    @override
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]
