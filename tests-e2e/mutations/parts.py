"""What `make mutate` changes, and the tests that must notice."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """Modules, as globs from the repository's root, and the tests that cover them, with options
    of pytest.

    `filters_only`: only conditions on the tenant are removed. `readers`: tests that read the
    modules as text, which are run for each change that the others do not notice.
    """

    name: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]
    options: tuple[str, ...] = ()
    filters_only: bool = False
    readers: tuple[str, ...] = ()


# On SQLite, where it has all of the code: the statements of Postgres are files of SQL.
_GATEWAY = "services/gateway/src/angarium_gateway/adapters/database"
_DISPATCHER = "services/dispatcher/src/angarium_dispatcher/adapters/database"
_WORKER = "services/worker/src/angarium_worker"
_SQLITE = ("-k", "not postgres")
_READERS = ("tests-e2e/repository/test_tenant_isolation.py",)

PARTS = (
    Part(
        "tenant filters of the gateway",
        (f"{_GATEWAY}/*.py",),
        ("services/gateway/tests/conformance",),
        _SQLITE,
        filters_only=True,
        readers=_READERS,
    ),
    Part(
        "tenant filters of the dispatcher",
        (f"{_DISPATCHER}/*.py",),
        ("services/dispatcher/tests/conformance",),
        _SQLITE,
        filters_only=True,
        readers=_READERS,
    ),
    Part(
        "signatures",
        ("libs/signing/src/angarium_signing/*.py",),
        ("libs/signing/tests",),
    ),
    Part(
        "egress rules",
        ("libs/webhooks/src/angarium_webhooks/egress/*.py",),
        ("libs/webhooks/tests/unit/egress", "services/worker/tests/egress/test_url_table.py"),
    ),
    Part(
        "policies and guards",
        (f"{_WORKER}/domain/*.py",),
        (
            "services/worker/tests/unit",
            "tests-e2e/repository/test_state_pictures.py",
        ),
    ),
    Part(
        "slots and settlement",
        (f"{_WORKER}/application/capacity/*.py", f"{_WORKER}/application/delivery/*.py"),
        ("services/worker/tests/unit",),
    ),
    Part(
        "fences of the worker's ledger",
        (f"{_WORKER}/adapters/database/sqlite/*.py",),
        ("services/worker/tests/conformance",),
        _SQLITE,
    ),
    Part(
        "journal",
        (f"{_GATEWAY}/sqlite_journal.py", f"{_GATEWAY}/batches.py"),
        ("services/gateway/tests/conformance/hot_path",),
    ),
    Part(
        "keys, permissions and quotas",
        (
            "services/gateway/src/angarium_gateway/application/tenants/*.py",
            "services/gateway/src/angarium_gateway/domain/permissions.py",
            "services/gateway/src/angarium_gateway/domain/api_tokens.py",
        ),
        (
            "services/gateway/tests/unit/tenants",
            "services/gateway/tests/unit/domain",
            "services/gateway/tests/unit/http",
            "tests-e2e/oidc/test_identity_provider.py",
        ),
    ),
)
