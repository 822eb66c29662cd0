"""The data folder: one owner, one key, never a newer version's data."""

import base64
import os
from pathlib import Path

import pytest
from angarium_cli.dev.data_folder import DataFolder
from angarium_cli.failure import CommandFailed


def opened(path: Path, version: str = "1.2.3") -> DataFolder:
    return DataFolder.open(path, version, os.urandom)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_new_folder_gets_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    folder = opened(tmp_path / "new" / "data")

    key = base64.b64decode(folder.encryption_key_path.read_text().strip(), validate=True)

    assert len(key) == 32
    assert mode(folder.encryption_key_path) == 0o600
    assert mode(folder.path) & 0o066 == 0
    folder.close()


def test_the_next_start_finds_the_same_keys(tmp_path: Path) -> None:
    first = opened(tmp_path / "data")
    first.keep_api_key("ang_example")
    key = first.encryption_key_path.read_text()
    first.close()

    second = opened(tmp_path / "data", "1.3.0")

    assert second.api_key() == "ang_example"
    assert second.encryption_key_path.read_text() == key
    assert mode(second.path / "api-key") == 0o600
    second.close()


def test_a_folder_has_one_owner_at_a_time(tmp_path: Path) -> None:
    owner = opened(tmp_path)

    with pytest.raises(CommandFailed, match=f"in use by process {os.getpid()}"):
        opened(tmp_path)

    owner.close()
    opened(tmp_path).close()


@pytest.mark.parametrize("newer", ["1.2.4", "1.10.0", "2.0.0", "1.3.0rc1"])
def test_data_of_a_newer_version_are_refused_and_left_alone(tmp_path: Path, newer: str) -> None:
    opened(tmp_path, newer).close()

    with pytest.raises(CommandFailed, match=f"newer version {newer}.*--data-dir") as refused:
        opened(tmp_path, "1.2.3")

    assert "\n" not in str(refused.value)
    assert (tmp_path / "version").read_text().strip() == newer
    opened(tmp_path, newer).close()


def test_an_older_versions_data_are_taken_over(tmp_path: Path) -> None:
    opened(tmp_path, "1.2.3").close()
    opened(tmp_path, "1.10.0").close()

    assert (tmp_path / "version").read_text() == "1.10.0\n"


def test_an_unreadable_version_is_refused(tmp_path: Path) -> None:
    opened(tmp_path).close()
    (tmp_path / "version").write_text("soon\n")

    with pytest.raises(CommandFailed, match="does not hold a version"):
        opened(tmp_path)


def test_a_lost_encryption_key_is_not_replaced(tmp_path: Path) -> None:
    folder = opened(tmp_path)
    folder.close()
    folder.encryption_key_path.unlink()

    with pytest.raises(CommandFailed, match=r"encryption-key is gone.*restore it"):
        opened(tmp_path)

    assert not folder.encryption_key_path.exists()


def test_what_an_earlier_run_left_about_itself_is_removed(tmp_path: Path) -> None:
    (tmp_path / "dev.json").write_text("{}")

    opened(tmp_path).close()

    assert not (tmp_path / "dev.json").exists()


def test_a_file_in_the_folders_place_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")

    with pytest.raises(CommandFailed, match="cannot be used") as refused:
        opened(tmp_path / "data")

    assert "\n" not in str(refused.value)
