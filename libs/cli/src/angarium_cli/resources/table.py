"""The table of resources. A test compares it with the API's document."""

from typing import Final

from .configuration import APPS, ENDPOINTS, EVENT_TYPES
from .delivery import ATTEMPTS, DELIVERIES, MESSAGES, TASKS

RESOURCES: Final = (APPS, ENDPOINTS, EVENT_TYPES, MESSAGES, DELIVERIES, ATTEMPTS, TASKS)
