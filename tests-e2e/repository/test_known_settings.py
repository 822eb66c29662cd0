"""The chassis's list of settings is that of the services' models."""

from angarium_chassis.known_settings import SETTINGS
from angarium_cli.services import SERVICES, settings_class


def test_every_setting_of_every_service_is_known_to_all() -> None:
    declared = {name for service in SERVICES for name in settings_class(service).model_fields}

    assert declared == SETTINGS, (
        "write the settings into libs/chassis/src/angarium_chassis/known_settings.py"
    )
