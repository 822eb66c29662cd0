"""Sources and streams: applications of a kind of their own, with names and lists of their own."""

from collections.abc import Sequence
from typing import Any

import pytest
from angarium_contracts.application_kinds import ApplicationKind
from angarium_contracts.configuration import (
    CreateApplication,
    CreateEndpoint,
    DeleteApplication,
    GetApplication,
    ListApplications,
    PatchApplication,
    RotateIngestToken,
    SourceGiven,
    UpdateApplication,
)
from angarium_contracts.ids import APPLICATION, SOURCE, format_id
from angarium_contracts.queries import Page, Problem, ProblemCode
from angarium_contracts.tenant_policy import SetTenantPolicy
from angarium_dispatcher.adapters.streams.answer_queries import QueryAnswers
from angarium_dispatcher.application.endpoints.save_endpoint import create_endpoint
from angarium_dispatcher.application.tenants.delete_application import delete_application
from angarium_dispatcher.application.tenants.rotate_ingest_token import rotate_ingest_token
from angarium_dispatcher.application.tenants.save_application import (
    create_application,
    patch_application,
    replace_application,
)
from angarium_dispatcher.application.tenants.set_policy import set_tenant_policy
from angarium_dispatcher.domain.application import Application
from angarium_dispatcher.domain.ingest_tokens import VALID_AFTER_ROTATION_S, rotated
from angarium_dispatcher.domain.refusals import (
    AlreadyTaken,
    InvalidField,
    NotFound,
    QuotaReached,
    RotatedTooOften,
)

from ..conftest import SEAL, Bench

TENANT = b"t" * 16
KINDS = tuple(ApplicationKind)
APPLICATION_KIND, SOURCE_KIND, STREAM_KIND = KINDS


def given(type_: str = "github", token: str = "ang_in_1") -> SourceGiven:
    config, sealed = SEAL.close(b'{"secret":"s"}', TENANT), SEAL.close(token.encode(), TENANT)
    return SourceGiven(type_, config, sealed, token_hash=f"hash of {token}")


async def create(bench: Bench, kind: ApplicationKind, uid: str | None = "one") -> Application:
    source = given() if kind is SOURCE_KIND else None
    command = CreateApplication(TENANT, f"A {kind}", uid, kind=kind, source=source)
    return (await create_application(command, bench.context)).application


def ref_of(application: Application) -> str:
    return format_id(APPLICATION, application.id)


async def asked(bench: Bench, question: Any) -> Any:
    return await QueryAnswers(bench.context, bench.reads, bench.cache).answer(question)


async def names(bench: Bench, kind: str) -> Sequence[str]:
    return [
        one.name for one in (await asked(bench, ListApplications(TENANT, Page(), kind=kind))).items
    ]


async def test_each_kind_has_names_and_a_list_of_its_own(bench: Bench) -> None:
    made = {kind: await create(bench, kind) for kind in KINDS}
    for kind, application in made.items():
        assert await names(bench, kind) == [f"A {kind}"]
        found = await asked(bench, GetApplication(TENANT, "one", kind))
        assert (found.application.id, found.state.kind) == (application.id, kind)
        with pytest.raises(AlreadyTaken, match=kind):
            await create(bench, kind)
    assert await names(bench, APPLICATION_KIND) == ["A application"]


async def test_the_operations_of_a_kind_do_not_reach_another(bench: Bench) -> None:
    made = {kind: await create(bench, kind, f"of-{kind}") for kind in KINDS}
    for kind in KINDS:
        for other, application in made.items():
            if other is kind:
                continue
            for ref in (ref_of(application), f"of-{other}"):
                answer = await asked(bench, GetApplication(TENANT, ref, kind))
                assert answer == Problem(
                    ProblemCode.NOT_FOUND, f"There is no such {kind}. Check its id or uid."
                )
                patch = PatchApplication(TENANT, ref, name="x", kind=kind)
                with pytest.raises(NotFound):
                    await patch_application(patch, bench.context)
                with pytest.raises(NotFound):
                    await delete_application(
                        DeleteApplication(TENANT, ref, kind=kind), bench.context
                    )
            source = given() if kind is SOURCE_KIND else None
            update = UpdateApplication(TENANT, ref_of(application), "x", kind=kind, source=source)
            with pytest.raises(NotFound):
                await replace_application(update, bench.context)
    for kind in KINDS:
        assert await names(bench, kind) == [f"A {kind}"]


async def test_an_id_names_one_of_any_kind_and_a_uid_an_ordinary_application(
    bench: Bench,
) -> None:
    source = await create(bench, SOURCE_KIND)
    stream = await create(bench, STREAM_KIND)
    for application, prefixes in ((source, ("src", "app")), (stream, ("strm", "app"))):
        for prefix in prefixes:
            ref = format_id(prefix, application.id)
            found = await asked(bench, GetApplication(TENANT, ref, of_any_kind=True))
            assert found.application.id == application.id
            command = CreateEndpoint(TENANT, ref, "https://example.com/hook", prefix)
            saved = await create_endpoint(command, bench.context)
            assert saved.endpoint.application_id == application.id
    absent = await asked(bench, GetApplication(TENANT, "one", of_any_kind=True))
    assert isinstance(absent, Problem)
    with pytest.raises(NotFound):
        await create_endpoint(CreateEndpoint(TENANT, "one", "https://example.com"), bench.context)


async def test_a_source_is_stored_sealed_for_itself(bench: Bench) -> None:
    source = await create(bench, SOURCE_KIND)
    found = await bench.reads.find_application(TENANT, source.id)
    assert found == source
    assert source.sealed_source_config is not None
    assert source.sealed_ingest_token is not None
    assert SEAL.open(source.sealed_source_config, source.id) == b'{"secret":"s"}'
    assert SEAL.open(source.sealed_ingest_token, source.id) == b"ang_in_1"
    state = (await asked(bench, GetApplication(TENANT, "one", SOURCE_KIND))).state
    assert (state.source_type, state.ingest_tokens) == ("github", (("hash of ang_in_1", 0.0),))
    assert state.sealed_source_config == source.sealed_source_config


async def test_a_replaced_source_has_another_configuration_and_its_token(bench: Bench) -> None:
    source = await create(bench, SOURCE_KIND)
    update = UpdateApplication(
        TENANT, "one", "Renamed", kind=SOURCE_KIND, source=given("stripe", "ang_in_2")
    )
    saved = (await replace_application(update, bench.context)).application
    assert (saved.id, saved.name, saved.source_type) == (source.id, "Renamed", "stripe")
    assert saved.ingest_tokens == source.ingest_tokens
    assert saved.sealed_ingest_token == source.sealed_ingest_token
    made = UpdateApplication(TENANT, "two", "New", kind=SOURCE_KIND, source=given())
    created = await replace_application(made, bench.context)
    assert (created.created, created.application.uid) == (True, "two")
    assert created.application.ingest_tokens == (("hash of ang_in_1", 0.0),)


async def test_nothing_but_a_source_has_a_type(bench: Bench) -> None:
    for kind, source in ((SOURCE_KIND, None), (STREAM_KIND, given()), (APPLICATION_KIND, given())):
        command = CreateApplication(TENANT, "A", kind=kind, source=source)
        with pytest.raises(InvalidField):
            await create_application(command, bench.context)


async def test_a_rotated_token_leaves_those_before_it_valid_for_a_while(bench: Bench) -> None:
    source = await create(bench, SOURCE_KIND)

    async def rotate(token: str) -> Application:
        sealed = SEAL.close(token.encode(), TENANT)
        command = RotateIngestToken(TENANT, "one", sealed, f"hash of {token}")
        return (await rotate_ingest_token(command, bench.context)).application

    second = await rotate("ang_in_2")
    tokens = second.ingest_tokens or ()
    assert [each for each, _ in tokens] == ["hash of ang_in_2", "hash of ang_in_1"]
    assert tokens[1][1] == second.updated_at.timestamp() + VALID_AFTER_ROTATION_S
    assert second.sealed_ingest_token is not None
    assert SEAL.open(second.sealed_ingest_token, source.id) == b"ang_in_2"
    await rotate("ang_in_3")
    await rotate("ang_in_4")
    with pytest.raises(RotatedTooOften):
        await rotate("ang_in_5")
    await create(bench, STREAM_KIND, "stream")
    command = RotateIngestToken(TENANT, "stream", b"", "")
    with pytest.raises(NotFound):
        await rotate_ingest_token(command, bench.context)


def test_a_token_that_has_ended_makes_room() -> None:
    tokens = (("4", 0.0), ("3", 30.0), ("2", 20.0), ("1", 10.0))
    with pytest.raises(RotatedTooOften):
        rotated(tokens, "5", 9.0)
    assert [each for each, _ in rotated(tokens, "5", 10.0)] == ["5", "4", "3", "2"]
    assert dict(rotated(tokens, "5", 10.0))["3"] == 30.0


async def test_a_deleted_source_leaves_no_secret(bench: Bench) -> None:
    source = await create(bench, SOURCE_KIND)
    await delete_application(DeleteApplication(TENANT, "one", kind=SOURCE_KIND), bench.context)
    (tombstone,) = bench.announcer.changes[-1].applications
    assert (tombstone.id, tombstone.kind, tombstone.deleted) == (source.id, SOURCE_KIND, True)
    assert (tombstone.sealed_source_config, tombstone.sealed_ingest_token) == (None, None)
    assert (tombstone.source_type, tombstone.ingest_tokens) == (None, None)
    assert (await create(bench, SOURCE_KIND)).id != source.id


async def test_every_kind_counts_against_the_quota(bench: Bench) -> None:
    for kind in KINDS:
        await create(bench, kind)
    command = CreateApplication(TENANT, "A", applications_max=3)
    with pytest.raises(QuotaReached):
        await create_application(command, bench.context)


@pytest.mark.parametrize(
    ("kind", "uid"), [(SOURCE_KIND, "src_x"), (STREAM_KIND, "strm_x"), (SOURCE_KIND, "app_x")]
)
async def test_a_uid_does_not_look_like_an_id(
    bench: Bench, kind: ApplicationKind, uid: str
) -> None:
    with pytest.raises(InvalidField):
        await create(bench, kind, uid)


async def test_a_uid_of_earlier_applications_may_begin_as_ids_of_other_kinds(bench: Bench) -> None:
    made = await create(bench, APPLICATION_KIND, f"{SOURCE}_x")
    found = await asked(bench, GetApplication(TENANT, f"{SOURCE}_x"))
    assert found.application.id == made.id


async def test_events_of_other_senders_need_no_event_type_of_the_tenant(bench: Bench) -> None:
    await set_tenant_policy(SetTenantPolicy(TENANT, require_event_types=True), bench.context)
    url, names = "https://example.com/hook", ("github.push",)
    source = ref_of(await create(bench, SOURCE_KIND))
    command = CreateEndpoint(TENANT, source, url, "e", event_types=names)
    saved = await create_endpoint(command, bench.context)
    assert saved.endpoint.event_types == names
    for kind in (APPLICATION_KIND, STREAM_KIND):
        ref = ref_of(await create(bench, kind))
        with pytest.raises(InvalidField):
            await create_endpoint(
                CreateEndpoint(TENANT, ref, url, event_types=names), bench.context
            )
