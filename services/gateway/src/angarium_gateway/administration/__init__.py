"""Changes that an operator makes in the gateway's database: API keys, batches set aside."""

from angarium_gateway.domain.api_tokens import may_be_token

__all__ = ["may_be_token"]
