"""Values that several examples share."""

from datetime import UTC, datetime
from typing import Final

ID: Final = "05jHR6TnRzUGhKWN8Ckr5D"
APPLICATION, ENDPOINT, MESSAGE, TASK = f"app_{ID}", f"ep_{ID}", f"msg_{ID}", f"qtask_{ID}"
MADE_AT: Final = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SENT_AT: Final = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
NOON: Final = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
URL: Final = "https://example.com/webhooks"
PORTAL: Final = "https://webhooks.example.com/portal#key=eyJhcHBJZCI6I…"
INVOICE: Final = {"id": "in_1001", "amount": 4200, "currency": "eur"}
ITERATOR: Final = "it_YQGiJ8wcdXCalMkc__HbuM0"
POLL_ITERATOR: Final = "AZyuJ1sAfSCBtHLXOmjwSAAAAAC3RCY6"
