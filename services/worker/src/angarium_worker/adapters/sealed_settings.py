"""Opening what the dispatcher sealed: an endpoint's secrets and headers."""

from angarium_chassis.sealing import Seal, SealBroken

from angarium_worker.application.endpoints.endpoint_config import OpenSealed


def opener(seal: Seal) -> OpenSealed:
    """As the port has it: what cannot be opened is a ValueError."""

    def open_sealed(sealed: bytes, associated: bytes) -> bytes:
        try:
            return seal.open(sealed, associated)
        except SealBroken as error:
            raise ValueError(str(error)) from None

    return open_sealed
