"""Profiles: which one is used, who may read the file, and what is never shown."""

import json
import os
from pathlib import Path

import pytest
from angarium_cli.client.profiles import Profile, ProfileFile, chosen_profile
from angarium_cli.failure import CommandFailed, ExitStatus

TOKEN = "ang_the-token-of-a-test"
STAGING = Profile("staging", "https://staging.example.com", TOKEN, "acme")
ENVIRONMENT = {"ANGARIUM_URL": "https://env.example.com", "ANGARIUM_TOKEN": "ang_env"}


@pytest.fixture
def file(tmp_path: Path) -> ProfileFile:
    return ProfileFile(tmp_path / "angarium")


def test_what_is_saved_is_read_again_by_nobody_else(file: ProfileFile) -> None:
    file.save(Profile("default", "https://example.com", "ang_other"))
    file.save(STAGING)

    assert file.get("staging") == STAGING
    assert [each.name for each in file.all()] == ["default", "staging"]
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.path.parent.stat().st_mode & 0o777 == 0o700
    assert [each.name for each in file.path.parent.iterdir()] == ["profiles.json"]
    assert file.remove("staging")
    assert not file.remove("staging")


def test_a_file_that_others_may_read_is_refused(file: ProfileFile) -> None:
    file.save(STAGING)
    file.path.chmod(0o640)

    with pytest.raises(CommandFailed, match="chmod 600"):
        file.get("staging")


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"profiles": []}', '{"profiles": {"staging": {"token": "' + TOKEN + '"}}}'],
)
def test_a_broken_file_is_refused_without_its_keys(file: ProfileFile, content: str) -> None:
    file.path.parent.mkdir()
    file.path.touch(0o600)
    file.path.write_text(content)

    with pytest.raises(CommandFailed) as refused:
        file.get("staging")

    assert str(file.path) in str(refused.value)
    assert TOKEN not in str(refused.value)


def test_a_named_profile_goes_before_the_environment_and_that_before_the_default(
    file: ProfileFile,
) -> None:
    file.save(Profile("default", "https://example.com", "ang_default"))
    file.save(STAGING)

    assert chosen_profile("staging", ENVIRONMENT, file) == STAGING
    assert chosen_profile(None, ENVIRONMENT, file).url == "https://env.example.com"
    assert chosen_profile(None, {}, file).token == "ang_default"


@pytest.mark.parametrize("variable", sorted(ENVIRONMENT))
def test_half_an_environment_never_sends_a_saved_key_elsewhere(
    file: ProfileFile, variable: str
) -> None:
    file.save(Profile("default", "https://example.com", TOKEN))

    with pytest.raises(CommandFailed, match="set both, or neither") as refused:
        chosen_profile(None, {variable: ENVIRONMENT[variable]}, file)

    assert refused.value.exit_status == ExitStatus.NOT_LOGGED_IN
    assert TOKEN not in str(refused.value)


def test_the_url_of_the_default_profile_alone_is_that_profile(file: ProfileFile) -> None:
    saved = Profile("default", "https://example.com", TOKEN)
    file.save(saved)

    assert chosen_profile(None, {"ANGARIUM_URL": "https://example.com/"}, file) == saved


def test_a_missing_profile_says_how_to_log_in(file: ProfileFile) -> None:
    with pytest.raises(CommandFailed, match="angarium login --profile staging") as refused:
        chosen_profile("staging", {}, file)

    assert refused.value.exit_status == ExitStatus.NOT_LOGGED_IN


def test_the_key_is_in_no_text_of_a_profile() -> None:
    assert TOKEN not in repr(STAGING)


def test_a_failed_write_keeps_the_old_file(
    file: ProfileFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.save(STAGING)

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(CommandFailed, match="No space left"):
        file.save(Profile("default", "https://example.com", TOKEN))

    assert list(json.loads(file.path.read_text())["profiles"]) == ["staging"]
