"""Applications of each framework, on the servers that serve them in production."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import hypercorn.asyncio
import hypercorn.config
import uvicorn
import waitress.server
from aiohttp import web
from angarium_receiver import Receiver
from angarium_receiver.frameworks import aiohttp as for_aiohttp
from angarium_receiver.frameworks import django as for_django
from angarium_receiver.frameworks import flask as for_flask
from angarium_receiver.frameworks import litestar as for_litestar
from angarium_receiver.frameworks import quart as for_quart
from angarium_receiver.frameworks import starlette as for_starlette
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.urls import re_path
from fastapi import FastAPI
from flask import Flask
from litestar import Litestar
from quart import Quart
from starlette.applications import Starlette

from libs.receiver.tests import django_project

type Routes = dict[str, Receiver]
"""The receivers of an application, by their paths."""


def starlette_app(routes: Routes) -> Starlette:
    return Starlette(routes=[for_starlette.webhook_route(*each) for each in routes.items()])


def fastapi_app(routes: Routes) -> FastAPI:
    app = FastAPI()
    app.router.routes.extend(for_starlette.webhook_route(*each) for each in routes.items())
    return app


def litestar_app(routes: Routes) -> Litestar:
    return Litestar([for_litestar.webhook_route(*each) for each in routes.items()])


def quart_app(routes: Routes) -> Quart:
    app = Quart(__name__)
    for path, receiver in routes.items():
        view = for_quart.webhook_view(receiver, path)
        app.add_url_rule(path, view_func=view, methods=list(for_quart.METHODS))
    return app


def flask_app(routes: Routes) -> Flask:
    app = Flask(__name__)
    for path, receiver in routes.items():
        view = for_flask.webhook_view(receiver, path)
        app.add_url_rule(path, view_func=view, methods=list(for_flask.METHODS))
    return app


def django_app(routes: Routes) -> WSGIHandler:
    _use_urls(routes)
    return WSGIHandler()


def django_asgi_app(routes: Routes) -> ASGIHandler:
    _use_urls(routes)
    return ASGIHandler()


def _use_urls(routes: Routes) -> None:
    """Have Django serve these routes."""
    django_project.set_up()
    from django.test.utils import override_settings

    urls = ModuleType("urls")
    urls.urlpatterns = [  # type: ignore[attr-defined]
        re_path(f"^{path.removeprefix('/')}$", for_django.webhook_view(receiver))
        for path, receiver in routes.items()
    ]
    override_settings(ROOT_URLCONF=urls).enable()


def aiohttp_app(routes: Routes) -> web.Application:
    app = web.Application()
    for path, receiver in routes.items():
        app.add_routes(for_aiohttp.webhook_routes(path, receiver))
    return app


@contextmanager
def on_uvicorn(app: Any) -> Iterator[int]:
    """Serve on a free port; gives the port."""
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_level=logging.CRITICAL, lifespan="off", loop="asyncio")
    )

    async def serve(started: Callable[[int], None], stop: asyncio.Event) -> None:
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        started(server.servers[0].sockets[0].getsockname()[1])
        await stop.wait()
        server.should_exit = True
        await serving

    with _in_a_loop(serve) as port:
        yield port


@contextmanager
def on_hypercorn(app: Any) -> Iterator[int]:
    """Serve on a free port; gives the port."""
    config = hypercorn.config.Config()
    config.bind = ["127.0.0.1:0"]
    config.errorlog = None
    sockets = config.create_sockets()
    port = sockets.insecure_sockets[0].getsockname()[1]
    sockets.insecure_sockets[0].listen()
    config.create_sockets = lambda: sockets  # type: ignore[method-assign]

    async def serve(started: Callable[[int], None], stop: asyncio.Event) -> None:
        started(port)
        await hypercorn.asyncio.serve(app, config, shutdown_trigger=stop.wait)

    with _in_a_loop(serve) as served:
        yield served


@contextmanager
def on_aiohttp(app: web.Application) -> Iterator[int]:
    """Serve on a free port; gives the port."""

    async def serve(started: Callable[[int], None], stop: asyncio.Event) -> None:
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        started(runner.addresses[0][1])
        await stop.wait()
        await runner.cleanup()

    with _in_a_loop(serve) as port:
        yield port


@contextmanager
def on_waitress(app: Any) -> Iterator[int]:
    """Serve on a free port; gives the port."""
    logging.getLogger("waitress").setLevel(logging.CRITICAL)
    server = waitress.server.create_server(app, host="127.0.0.1", port=0, threads=2)
    thread = threading.Thread(target=_run_waitress, args=(server,))
    thread.start()
    try:
        yield server.effective_port
    finally:
        server.pull_trigger()
        server._map.clear()
        thread.join()
        server.task_dispatcher.shutdown()


def _run_waitress(server: Any) -> None:
    server.run()


@contextmanager
def _in_a_loop(
    serve: Callable[[Callable[[int], None], asyncio.Event], Awaitable[None]],
) -> Iterator[int]:
    """Run a server in a loop of a thread of its own."""
    started = threading.Event()
    ports: list[int] = []
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    def on_start(port: int) -> None:
        ports.append(port)
        started.set()

    async def main() -> None:
        try:
            await serve(on_start, stop)
        finally:
            started.set()

    thread = threading.Thread(target=lambda: asyncio.Runner(loop_factory=lambda: loop).run(main()))
    thread.start()
    try:
        started.wait()
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


SERVED: dict[str, tuple[Callable[[Routes], Any], Callable[[Any], Any]]] = {
    "starlette": (starlette_app, on_uvicorn),
    "fastapi": (fastapi_app, on_uvicorn),
    "litestar": (litestar_app, on_uvicorn),
    "quart": (quart_app, on_hypercorn),
    "aiohttp": (aiohttp_app, on_aiohttp),
    "flask": (flask_app, on_waitress),
    "django": (django_app, on_waitress),
    "django under ASGI": (django_asgi_app, on_uvicorn),
}
"""How each framework's application is made and served."""
BLOCKING = {"flask", "django", "django under ASGI"}
"""Frameworks whose body is read before the application is called: by the server, or by Django."""
