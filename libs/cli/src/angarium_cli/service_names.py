"""The three services, in the order in which a message passes them."""

from typing import Literal, get_args

type ServiceName = Literal["gateway", "dispatcher", "worker"]

SERVICES: tuple[ServiceName, ...] = get_args(ServiceName.__value__)
