"""Settings of services that keep roll-ups."""

from collections.abc import Mapping

from pydantic import Field

from angarium_chassis.settings import ServiceSettings

from .resolutions import Resolution


class StatisticsSettings(ServiceSettings):
    """How often statistics are counted, and how long they are kept."""

    statistics_every_s: float = Field(
        default=5.0,
        ge=0,
        le=3600,
        description="Seconds between two counts of what was recorded; 0: statistics are not"
        " counted by this process.",
    )
    metrics_top_n: int = Field(
        default=0,
        ge=0,
        le=100,
        description="Metrics name the tenants and endpoints with the most traffic and failures, so"
        " many of each; 0: no metric names one.",
    )
    statistics_minutes_kept_days: int = Field(
        default=3, ge=1, le=3650, description="Days for which statistics per minute are kept."
    )
    statistics_hours_kept_days: int = Field(
        default=90, ge=1, le=3650, description="Days for which statistics per hour are kept."
    )
    statistics_days_kept_days: int = Field(
        default=730, ge=1, le=3650, description="Days for which statistics per day are kept."
    )

    @property
    def statistics_kept_days(self) -> Mapping[Resolution, int]:
        """Days for which the statistics of each resolution are kept."""
        return {
            Resolution.MINUTE: self.statistics_minutes_kept_days,
            Resolution.HOUR: self.statistics_hours_kept_days,
            Resolution.DAY: self.statistics_days_kept_days,
        }
