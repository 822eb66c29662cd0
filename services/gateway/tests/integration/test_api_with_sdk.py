"""The official Svix SDK against the gateway, the dispatcher and a real Valkey."""

import asyncio
import base64
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from angarium_chassis.database.engine import Database, open_database
from angarium_contracts.attempts import (
    Attempt,
    AttemptFound,
    Attempts,
    AttemptStatus,
    AttemptTrigger,
    GetAttempt,
    ListAttemptsByEndpoint,
    ListAttemptsByMessage,
)
from svix.api import SvixAsync, SvixOptions


