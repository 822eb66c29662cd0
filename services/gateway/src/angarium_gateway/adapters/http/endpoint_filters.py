"""/api/v1/endpoint-filter/test and …/endpoint/{endpoint_id}/filter/test"""

from angarium_contracts.contract import Contract
from angarium_contracts.filters import FilterTried, TryEndpointFilter, TryFilter
from angarium_contracts.queries import Problem
from litestar import Controller, post
from litestar.params import JSONBody

from .dependencies import Api, ApiDependencies, CurrentCaller
from .parameters import ApplicationRef, EndpointRef
from .problems import Refused, refusal
from .schemas.filters import (
    EndpointFilterTestIn,
    FilterTestIn,
    FilterTestOut,
    filter_example,
    filter_test_out,
)


class EndpointFilterController(Controller):
    """Tests of filters with an example message."""

    path = "/api/v1"
    tags = ("Endpoint",)

    @post(
        "/endpoint-filter/test",
        status_code=200,
        operation_id="v1.endpoint-filter.test",
        summary="Test a filter",
    )
    async def test_filter(
        self, api: Api, caller: CurrentCaller, data: JSONBody[FilterTestIn]
    ) -> FilterTestOut:
        """Evaluates a filter for an example message, without an endpoint. Nothing is sent or saved.

        The answer is `422` if the filter is not valid.
        """
        question = TryFilter(data.filter, filter_example(data), data.metadata or {})
        return await _tried(api, question)

    @post(
        "/app/{app_id:str}/endpoint/{endpoint_id:str}/filter/test",
        status_code=200,
        operation_id="v1.endpoint.test-filter",
        summary="Test the filters of an endpoint",
    )
    async def test_endpoint_filter(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        endpoint_id: EndpointRef,
        data: JSONBody[EndpointFilterTestIn],
    ) -> FilterTestOut:
        """Tells whether an endpoint would get an example message: by its event types, its channels,
        and its filter, or the one in the body. Nothing is sent or saved, and it does not matter
        whether the endpoint is disabled.

        The answer is `422` if the filter in the body is not valid.
        """
        question = TryEndpointFilter(
            caller.tenant_id, app_id, endpoint_id, filter_example(data), data.filter
        )
        return await _tried(api, question)


async def _tried(api: ApiDependencies, question: Contract) -> FilterTestOut:
    tried = await api.ask_dispatcher(question, FilterTried)
    if isinstance(tried, Problem):
        raise Refused(refusal(tried))
    return filter_test_out(tried)
