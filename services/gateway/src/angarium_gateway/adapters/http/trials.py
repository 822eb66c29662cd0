"""…/endpoint-url/check and /api/v1/event-type-schema/test: trials, which save and send nothing."""

from typing import Final

import msgspec
from angarium_contracts.queries import Problem
from angarium_contracts.url_checks import CheckUrl, UrlChecked
from angarium_webhooks.endpoint_url import mask_credentials
from litestar import Controller, post
from litestar.params import JSONBody

from angarium_gateway.application.tenants.portal_tokens import PortalGrant

from .audited_changes import UNAUDITED
from .dependencies import Api, CurrentCaller
from .parameters import ApplicationRef
from .problems import Fault, Refused, invalid, refusal
from .schemas.trials import (
    SchemaFaultOut,
    SchemaTestIn,
    SchemaTestOut,
    UrlAddressOut,
    UrlCheckIn,
    UrlCheckOut,
)

_FOR_CUSTOMERS: Final = (
    "Webhooks cannot be delivered to this URL: its host has no address to which this server"
    " delivers. Use a host with a public address."
)


class UrlCheckController(Controller):
    """Checks of URLs before they are saved."""

    path = "/api/v1/app/{app_id:str}/endpoint-url"
    tags = ("Endpoint",)

    @post(
        "/check",
        status_code=200,
        operation_id="v1.endpoint.check-url",
        summary="Check a URL",
        opt={UNAUDITED: True},
    )
    async def check_url(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef, data: JSONBody[UrlCheckIn]
    ) -> UrlCheckOut:
        """Tells whether webhooks could be delivered to a URL, and why not, as `angarium doctor url`
        does. The host is resolved; nothing is sent to it, and nothing is saved.
        """
        application = await api.directory.find(caller.tenant_id, app_id)
        if isinstance(application, Problem):
            raise Refused(refusal(application))
        found = await api.ask_worker(CheckUrl(mask_credentials(data.url)), UrlChecked)
        if isinstance(found, Problem):
            raise Refused(refusal(found))
        of_customer = isinstance(caller.grant, PortalGrant)
        conclusion = found.conclusion
        if of_customer and not found.accepted and found.canonical is not None:
            # What the names of the operator's network resolve to is no customer's business.
            conclusion = _FOR_CUSTOMERS
        return UrlCheckOut(
            accepted=found.accepted,
            url=found.canonical,
            conclusion=conclusion,
            addresses=[]
            if of_customer
            else [
                UrlAddressOut(address=each.address, allowed=each.allowed, rule=each.rule)
                for each in found.addresses
            ],
        )


class SchemaTestController(Controller):
    """Tests of schemas before they are saved."""

    path = "/api/v1/event-type-schema"
    tags = ("Event Type",)

    @post(
        "/test",
        status_code=200,
        operation_id="v1.event-type-schema.test",
        summary="Test a schema",
        opt={UNAUDITED: True},
    )
    async def test_schema(self, api: Api, data: JSONBody[SchemaTestIn]) -> SchemaTestOut:
        """Checks an example of a payload against a JSON schema, as posted messages are checked.
        Nothing is saved. A schema that payloads cannot be checked against gets `422`.
        """
        check = api.schemas.compiled(msgspec.json.encode(data.schema))
        if check.unusable is not None:
            raise Refused(invalid(Fault(("body", "schema"), check.unusable)))
        found = check.violations(msgspec.json.encode(data.example))
        return SchemaTestOut(
            valid=not found,
            faults=[
                SchemaFaultOut(loc=["example", *each.path], msg=each.message) for each in found
            ],
        )
