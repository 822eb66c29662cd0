"""Answers to the commands and queries of the gateway and the worker, one for each contract."""

from collections.abc import Awaitable, Callable
from typing import Any

from angarium_contracts import configuration as wire
from angarium_contracts import endpoint_options as options
from angarium_contracts.contract import Contract, Reader
from angarium_contracts.deliveries import (
    EndpointsFound,
    GetEndpoints,
    MatchMessages,
    PrecheckMessage,
)
from angarium_contracts.directory import (
    DirectoryPage,
    DirectorySince,
    EndpointStates,
    GetEndpointStates,
)
from angarium_contracts.filters import TryEndpointFilter, TryFilter
from angarium_contracts.ids import operational_application_id
from angarium_contracts.metadata_members import FindNamedApplications, ForgetMetadataMember
from angarium_contracts.operational import OperationalEvent
from angarium_contracts.queries import Done, Page
from angarium_contracts.tenant_policy import GetTenantPolicy, SetTenantPolicy
from msgspec.json import encode
from msgspec.structs import replace

from angarium_dispatcher.application.configuration.context import ConfigurationContext
from angarium_dispatcher.application.configuration.references import get_application, get_endpoint
from angarium_dispatcher.application.configuration.store import Without
from angarium_dispatcher.application.dispatch.match_messages import MatchingReads, match_messages
from angarium_dispatcher.application.dispatch.precheck_message import precheck_message
from angarium_dispatcher.application.dispatch.recipients_cache import RecipientsCache
from angarium_dispatcher.application.dispatch.try_filter import try_endpoint_filter, try_filter
from angarium_dispatcher.application.endpoints import save_endpoint as saving_endpoints
from angarium_dispatcher.application.endpoints.delete_endpoint import delete_endpoint
from angarium_dispatcher.application.endpoints.disable_endpoint import disable_endpoint
from angarium_dispatcher.application.endpoints.rotate_secret import rotate_secret
from angarium_dispatcher.application.endpoints.save_headers import (
    patch_endpoint_headers,
    set_endpoint_headers,
)
from angarium_dispatcher.application.operational.application import (
    get_customer_application,
    is_operational,
    refuse_operational,
)
from angarium_dispatcher.application.tenants import save_application as saving_applications
from angarium_dispatcher.application.tenants import save_event_type as saving_event_types
from angarium_dispatcher.application.tenants.delete_application import delete_application
from angarium_dispatcher.application.tenants.delete_event_type import delete_event_type
from angarium_dispatcher.application.tenants.metadata_members import (
    find_named_applications,
    forget_metadata_member,
)
from angarium_dispatcher.application.tenants.rotate_ingest_token import rotate_ingest_token
from angarium_dispatcher.application.tenants.set_policy import set_tenant_policy
from angarium_dispatcher.domain.application import Application
from angarium_dispatcher.domain.endpoint import Endpoint
from angarium_dispatcher.domain.event_type import newest_schema
from angarium_dispatcher.domain.paging import (
    APPLICATIONS,
    ENDPOINTS,
    EVENT_TYPES,
    ListKind,
    PageRequest,
    page_request,
)
from angarium_dispatcher.domain.refusals import InvalidField, NotFound, Refused

from . import wire as to_wire

DIRECTORY_PAGE_MAX = 1_000
ENDPOINT_STATES_MAX = 500
ENDPOINTS_MAX = 250


class QueryAnswers:
    """Answers commands and queries. A refusal is answered as a `Problem`."""

    def __init__(
        self, context: ConfigurationContext, reads: MatchingReads, cache: RecipientsCache
    ) -> None:
        self._context = context
        self._reads = reads
        self._cache = cache
        self._by_question: dict[type[Contract], Callable[[Any], Awaitable[Contract]]] = {
            wire.CreateApplication: self._saved_application(saving_applications.create_application),
            wire.UpdateApplication: self._saved_application(
                saving_applications.replace_application
            ),
            wire.PatchApplication: self._saved_application(saving_applications.patch_application),
            wire.RotateIngestToken: self._saved_application(rotate_ingest_token),
            wire.GetApplication: self._get_application,
            wire.ListApplications: self._list_applications,
            wire.DeleteApplication: self._delete_application,
            FindNamedApplications: lambda asked: find_named_applications(asked, reads),
            ForgetMetadataMember: lambda asked: forget_metadata_member(asked, context),
            wire.CreateEndpoint: self._saved_endpoint(saving_endpoints.create_endpoint),
            wire.UpdateEndpoint: self._saved_endpoint(saving_endpoints.replace_endpoint),
            wire.PatchEndpoint: self._saved_endpoint(saving_endpoints.patch_endpoint),
            wire.GetEndpoint: self._get_endpoint,
            GetEndpoints: self._get_endpoints,
            wire.GetEndpointSecret: self._get_endpoint_secret,
            options.RotateEndpointSecret: self._saved_endpoint(rotate_secret),
            options.GetEndpointHeaders: self._get_endpoint_headers,
            options.SetEndpointHeaders: self._saved_endpoint(set_endpoint_headers),
            options.PatchEndpointHeaders: self._saved_endpoint(patch_endpoint_headers),
            options.DisableEndpoint: self._disable_endpoint,
            wire.ListEndpoints: self._list_endpoints,
            wire.DeleteEndpoint: self._delete_endpoint,
            wire.CreateEventType: self._saved_event_type(saving_event_types.create_event_type),
            wire.UpdateEventType: self._saved_event_type(saving_event_types.replace_event_type),
            wire.PatchEventType: self._saved_event_type(saving_event_types.patch_event_type),
            wire.GetEventType: self._get_event_type,
            wire.GetEventTypeSchema: self._get_event_type_schema,
            wire.ListEventTypes: self._list_event_types,
            wire.DeleteEventType: self._delete_event_type,
            GetTenantPolicy: self._get_tenant_policy,
            SetTenantPolicy: self._set_tenant_policy,
            MatchMessages: self._match_messages,
            PrecheckMessage: self._precheck_message,
            DirectorySince: self._directory_since,
            GetEndpointStates: self._endpoint_states,
            TryFilter: try_filter,
            TryEndpointFilter: self._try_endpoint_filter,
        }

    def answer_with(
        self, question: type[Contract], answer: Callable[[Any], Awaitable[Contract]]
    ) -> None:
        """Answer another kind of question, before the first one comes."""
        self._by_question[question] = answer

    @property
    def questions(self) -> Reader[Contract]:
        """Reader of every contract that is answered here."""
        return Reader(*self._by_question)

    async def answer(self, question: Contract) -> Contract:
        """Answer one question. Raises only for faults of this code or of the database."""
        try:
            return await self._by_question[type(question)](question)
        except Refused as refusal:
            return to_wire.problem(refusal)

    def _saved_application[Command](
        self,
        use_case: Callable[
            [Command, ConfigurationContext], Awaitable[saving_applications.SavedApplication]
        ],
    ) -> Callable[[Command], Awaitable[Contract]]:
        async def answer(command: Command) -> Contract:
            saved = await use_case(command, self._context)
            return _application_saved(saved.application, created=saved.created, before=saved.before)

        return answer

    async def _get_application(self, question: wire.GetApplication) -> Contract:
        tenant_id, ref = question.tenant_id, question.ref
        if question.of_any_kind:
            refuse_operational(tenant_id, ref)
            return _application_saved(await get_application(self._reads, tenant_id, ref))
        found = await get_customer_application(self._reads, tenant_id, ref, question.kind)
        return _application_saved(found)

    async def _list_applications(self, question: wire.ListApplications) -> Contract:
        request = _request(APPLICATIONS, question.page)
        without = Without(
            question.without_no_endpoints, question.without_disabled, question.without_svix_play
        )
        found = await self._reads.list_applications(
            question.tenant_id,
            request,
            without,
            question.kind,
            question.search,
            question.metadata,
        )
        return to_wire.page(wire.Applications, found, to_wire.application)

    async def _delete_application(self, command: wire.DeleteApplication) -> Contract:
        deleted = await delete_application(command, self._context)
        state = to_wire.application_state(deleted.tombstone)
        return wire.ApplicationDeleted(state, to_wire.application(deleted.before))

    def _saved_endpoint[Command](
        self,
        use_case: Callable[
            [Command, ConfigurationContext], Awaitable[saving_endpoints.SavedEndpoint]
        ],
    ) -> Callable[[Command], Awaitable[Contract]]:
        async def answer(command: Command) -> Contract:
            saved = await use_case(command, self._context)
            return _endpoint_saved(
                saved.endpoint,
                saved.application,
                created=saved.created,
                before=saved.before,
                resumed=saved.resumed,
            )

        return answer

    async def _get_endpoint(self, question: wire.GetEndpoint) -> Contract:
        endpoint, application = await self._endpoint(question)
        return _endpoint_saved(endpoint, application)

    async def _get_endpoints(self, question: GetEndpoints) -> Contract:
        if len(question.endpoint_ids) > ENDPOINTS_MAX:
            raise InvalidField(
                "endpoint_ids", f"At most {ENDPOINTS_MAX} endpoints can be queried at a time."
            )
        owned = [
            one
            for one in await self._reads.endpoints_by_id(question.endpoint_ids)
            if one.tenant_id == question.tenant_id
            and question.application_id in (b"", one.application_id)
        ]
        return EndpointsFound(
            endpoints=tuple([to_wire.endpoint(one) for one in owned if not one.deleted]),
            deleted=tuple([to_wire.endpoint(one) for one in owned if one.deleted]),
        )

    async def _get_endpoint_secret(self, question: wire.GetEndpointSecret) -> Contract:
        endpoint, _ = await self._endpoint(question)
        secrets = self._context.secrets
        key = secrets.verification_key(endpoint.sealed_secrets[0], endpoint.id)
        return wire.EndpointSecret(endpoint.id, key)

    async def _get_endpoint_headers(self, question: options.GetEndpointHeaders) -> Contract:
        """The headers as they are stored: sealed for the endpoint, and not opened here."""
        endpoint, _ = await self._endpoint(question)
        return options.EndpointHeaders(endpoint.id, endpoint.sealed_headers)

    async def _endpoint(
        self, question: wire.GetEndpoint | wire.GetEndpointSecret | options.GetEndpointHeaders
    ) -> tuple[Endpoint, Application]:
        application = await get_application(
            self._reads, question.tenant_id, question.application_ref
        )
        return await get_endpoint(self._reads, application, question.ref), application

    async def _disable_endpoint(self, command: options.DisableEndpoint) -> Contract:
        await disable_endpoint(command, self._context)
        return Done()

    async def _list_endpoints(self, question: wire.ListEndpoints) -> Contract:
        """List endpoints. The operational application has an empty list before it exists."""
        tenant_id, ref = question.tenant_id, question.application_ref
        if is_operational(tenant_id, ref):
            application_id = operational_application_id(tenant_id)
        else:
            application_id = (await get_application(self._reads, tenant_id, ref)).id
        request = _request(ENDPOINTS, question.page)
        found = await self._reads.list_endpoints(
            application_id,
            request,
            only_sinks=question.only_sinks,
            metadata=question.metadata,
        )
        return to_wire.page(
            wire.Endpoints,
            found,
            lambda one: to_wire.endpoint(one, with_headers=question.with_headers),
        )

    async def _delete_endpoint(self, command: wire.DeleteEndpoint) -> Contract:
        deleted = await delete_endpoint(command, self._context)
        state = to_wire.application_state(deleted.application)
        return wire.EndpointDeleted(state, to_wire.endpoint(deleted.before))

    def _saved_event_type[Command](
        self,
        use_case: Callable[
            [Command, ConfigurationContext], Awaitable[saving_event_types.SavedEventType]
        ],
    ) -> Callable[[Command], Awaitable[Contract]]:
        async def answer(command: Command) -> Contract:
            saved = await use_case(command, self._context)
            before = None if saved.before is None else to_wire.event_type(saved.before)
            return wire.EventTypeSaved(to_wire.event_type(saved.event_type), saved.created, before)

        return answer

    async def _get_event_type(self, question: wire.GetEventType) -> Contract:
        found = await self._reads.find_event_type(question.tenant_id, question.name)
        if found is None:
            raise NotFound("event type")
        return wire.EventTypeSaved(to_wire.event_type(found))

    async def _get_event_type_schema(self, question: wire.GetEventTypeSchema) -> Contract:
        found = await self._reads.find_event_type(question.tenant_id, question.name)
        newest = None if found is None else newest_schema(found.own_schemas)
        if newest is None:
            return wire.EventTypeSchema()
        version, schema = newest
        return wire.EventTypeSchema(schema=schema, schema_version=version)

    async def _list_event_types(self, question: wire.ListEventTypes) -> Contract:
        found = await self._reads.list_event_types(
            question.tenant_id,
            _request(EVENT_TYPES, question.page),
            include_archived=question.include_archived,
            feature_flags=question.feature_flags,
        )
        return to_wire.page(
            wire.EventTypes,
            found,
            lambda one: to_wire.event_type(one, with_content=question.with_content),
        )

    async def _delete_event_type(self, command: wire.DeleteEventType) -> Contract:
        before = await delete_event_type(command, self._context)
        return Done(before=encode(to_wire.event_type(before)))

    async def _get_tenant_policy(self, question: GetTenantPolicy) -> Contract:
        return to_wire.tenant_policy(await self._reads.tenant_policy(question.tenant_id))

    async def _set_tenant_policy(self, command: SetTenantPolicy) -> Contract:
        saved = await set_tenant_policy(command, self._context)
        return replace(
            to_wire.tenant_policy(saved.policy), before=to_wire.tenant_policy(saved.before)
        )

    async def _match_messages(self, question: MatchMessages) -> Contract:
        return await match_messages(question, self._reads)

    async def _precheck_message(self, question: PrecheckMessage) -> Contract:
        return await precheck_message(question, self._reads, self._cache)

    async def _try_endpoint_filter(self, question: TryEndpointFilter) -> Contract:
        return await try_endpoint_filter(question, self._reads)

    async def _directory_since(self, question: DirectorySince) -> Contract:
        part = await self._reads.directory_since(
            question.version,
            max(1, min(question.limit, DIRECTORY_PAGE_MAX)),
            with_applications=question.with_applications,
            with_endpoints=question.with_endpoints,
        )
        return DirectoryPage(
            version=part.version,
            done=part.done,
            applications=tuple([to_wire.application_state(one) for one in part.applications]),
            endpoints=tuple([to_wire.endpoint_state(one) for one in part.endpoints]),
        )

    async def _endpoint_states(self, question: GetEndpointStates) -> Contract:
        if len(question.endpoint_ids) > ENDPOINT_STATES_MAX:
            raise InvalidField(
                "endpoint_ids", f"At most {ENDPOINT_STATES_MAX} endpoints can be queried at a time."
            )
        found = await self._reads.endpoints_by_id(question.endpoint_ids)
        return EndpointStates(tuple([to_wire.endpoint_state(one) for one in found]))


def _request(kind: ListKind, page: Page) -> PageRequest:
    return page_request(kind, limit=page.limit, iterator=page.iterator, descending=page.descending)


def _application_saved(
    application: Application, *, created: bool = False, before: Application | None = None
) -> Contract:
    return wire.ApplicationSaved(
        to_wire.application(application),
        to_wire.application_state(application),
        created,
        None if before is None else to_wire.application(before),
    )


def _endpoint_saved(
    endpoint: Endpoint,
    application: Application,
    *,
    created: bool = False,
    before: Endpoint | None = None,
    resumed: OperationalEvent | None = None,
) -> Contract:
    return wire.EndpointSaved(
        to_wire.endpoint(endpoint),
        to_wire.endpoint_state(endpoint),
        to_wire.application_state(application),
        created,
        None if before is None else to_wire.endpoint(before),
        resumed,
    )
