"""Options of endpoints: as stored, and as commands set them."""

from typing import Any, get_type_hints

import msgspec
from angarium_contracts.configuration import (
    CreateEndpoint,
    Endpoint,
    PatchEndpoint,
    UpdateEndpoint,
)
from angarium_contracts.directory import EndpointState
from angarium_contracts.endpoint_options import EndpointOptionChanges, EndpointOptions
from msgspec import UNSET, UnsetType

STORED, CHANGES = EndpointOptions.__struct_fields__, EndpointOptionChanges.__struct_fields__


def test_every_stored_option_can_be_set_to_every_value_that_it_may_have() -> None:
    stored, changes = get_type_hints(EndpointOptions), get_type_hints(EndpointOptionChanges)
    assert {name: stored[name] | UnsetType for name in STORED} == {
        name: changes[name] for name in STORED
    }


def test_a_command_sets_no_option_unless_it_is_given() -> None:
    defaults = [field.default for field in msgspec.structs.fields(EndpointOptionChanges)]
    assert all(default is UNSET for default in defaults)


def test_every_contract_carries_the_options_last_and_in_one_order() -> None:
    carriers: list[tuple[type[Any], tuple[str, ...]]] = [
        (Endpoint, STORED),
        (EndpointState, STORED),
        (CreateEndpoint, CHANGES),
        (UpdateEndpoint, CHANGES),
        (PatchEndpoint, CHANGES),
    ]
    for carrier, options in carriers:
        assert carrier.__struct_fields__[-len(options) :] == options
