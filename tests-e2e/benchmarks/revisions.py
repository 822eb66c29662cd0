"""Two revisions of this repository, each with an environment of its own."""

import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from failure import BenchmarkFailed

REPOSITORY = Path(__file__).resolve().parents[2]
_GIT_TIMEOUT_S = 120
_BUILD_TIMEOUT_S = 900
_ASSETS = "libs/console/src/angarium_console/assets"
_COMMITTER = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "bench-compare"), ("EMAIL", "bench-compare@invalid"))
}


def commit_of(revision: str, repository: Path = REPOSITORY) -> str:
    """The full id of the commit that `revision` names."""
    try:
        return _git(repository, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    except BenchmarkFailed:
        raise BenchmarkFailed(
            f"{revision!r} is no revision of this repository. Give a branch, a tag or a commit,"
            " such as BASE=main; `git fetch` gets those that are not here yet."
        ) from None


def working_tree_commit(repository: Path = REPOSITORY) -> str:
    """A commit of the working tree as it is, with what is not committed or not even added; what
    .gitignore names is left out. No branch, index or file changes: git forgets the commit later.
    """
    with TemporaryDirectory() as folder:
        # A copy of the index knows which files are unchanged; a new one would read them all.
        index = Path(folder) / "index"
        own = Path(_git(repository, "rev-parse", "--path-format=absolute", "--git-path", "index"))
        if own.exists():
            shutil.copyfile(own, index)
        environment = {"GIT_INDEX_FILE": str(index), **_COMMITTER}
        _git(repository, "add", "--all", environment=environment)
        tree = _git(repository, "write-tree", environment=environment)
        return _git(
            repository,
            *("commit-tree", tree, "-p", "HEAD", "-m", "Working tree"),
            environment=environment,
        )


@contextmanager
def built(commits: dict[str, str], repository: Path = REPOSITORY) -> Iterator[dict[str, Path]]:
    """The `angarium` command of each commit, by its name here, built side by side under .cache and
    removed at the end. Nothing is written to the repository's list of worktrees, so that nothing
    has to be cleaned there if this is killed."""
    cache = repository / ".cache"
    cache.mkdir(exist_ok=True)
    folder = Path(mkdtemp(prefix="bench-compare-", dir=cache))
    # As root, Postgres runs as another user, who must be able to enter.
    folder.chmod(0o755)
    try:
        yield {name: _build(repository, commit, folder / name) for name, commit in commits.items()}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def extract(repository: Path, commit: str, folder: Path) -> None:
    """Write the files of a commit into a new folder."""
    folder.mkdir()
    archive = folder.with_suffix(".tar")
    _git(repository, "archive", "--format=tar", "--output", str(archive), commit)
    with tarfile.open(archive) as files:
        files.extractall(folder, filter="tar")
    archive.unlink()


def _build(repository: Path, commit: str, folder: Path) -> Path:
    extract(repository, commit, folder)
    # Compiled for the same sources, they are used as they are, which saves npm's time.
    if (repository / _ASSETS).is_dir() and not (folder / _ASSETS).exists():
        shutil.copytree(repository / _ASSETS, folder / _ASSETS)
    environment = os.environ | {"UV_PROJECT_ENVIRONMENT": str(folder / ".venv")}
    environment.pop("VIRTUAL_ENV", None)
    _run(
        [
            str(repository / ".ci/uv"),
            *("sync", "--locked", "--quiet", "--no-default-groups"),
            *("--project", str(folder)),
        ],
        folder,
        environment,
        _BUILD_TIMEOUT_S,
    )
    return folder / ".venv/bin/angarium"


def _git(repository: Path, *arguments: str, environment: dict[str, str] | None = None) -> str:
    return _run(
        ["git", *arguments], repository, os.environ | (environment or {}), _GIT_TIMEOUT_S
    ).strip()


def _run(command: list[str], cwd: Path, environment: dict[str, str], timeout_s: float) -> str:
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        raise BenchmarkFailed(f"{command[0]} {command[1]} failed: {error.stderr.strip()}") from None
    except subprocess.TimeoutExpired:
        raise BenchmarkFailed(
            f"{command[0]} {command[1]} did not end within {timeout_s:g} s"
        ) from None
    return done.stdout
