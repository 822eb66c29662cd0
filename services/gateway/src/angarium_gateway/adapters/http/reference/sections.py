"""The sections of the reference: tags in reading order, with what each is about."""

from typing import Any, Final, NamedTuple


class _Section(NamedTuple):
    title: str
    description: str


_SECTIONS: Final = {
    "Application": _Section(
        "Applications",
        description="An application stands for one of your customers. It owns endpoints, and"
        " messages are sent to it. Give it a `uid` of your own, such as the"
        " customer's id, and use that in every path instead of Angarium's id.",
    ),
    "Endpoint": _Section(
        "Endpoints",
        description="An endpoint is a URL that receives an application's messages. Filters by"
        " event type and channel choose which ones; secrets sign them; options set"
        " timeouts, order, limits and retries.",
    ),
    "Event Type": _Section(
        "Event types",
        description="An event type names a kind of message, such as `invoice.paid`. Creating"
        " event types is optional: messages may use any name. Do so to describe"
        " them, to attach JSON schemas with examples, and to set a retry schedule"
        " for each.",
    ),
    "Message": _Section(
        "Messages",
        description="A message is an event that you post to an application. Once it is"
        " accepted (202), it is stored durably and delivered to every endpoint"
        " whose filters match.",
    ),
    "Message Attempt": _Section(
        "Attempts",
        description="An attempt is one HTTP request to an endpoint, with the response it got."
        " A delivery has as many attempts as it needed.",
    ),
    "Delivery": _Section(
        "Deliveries",
        description="A delivery is one message on its way to one endpoint: pending, being"
        " sent, delivered, failed for good, or canceled.",
    ),
    "Poller": _Section(
        "Polled messages",
        description="An endpoint with the URL `poll://messages` is polled instead of pushed: its"
        " messages are read here, in order, from a position that the client or the server stores.",
    ),
    "Destination": _Section(
        "Destinations",
        description="A destination is an endpoint that gets its messages in order"
        " (`fifoEndpoint`), or that is polled (`pollingEndpoint`): another view of the same"
        " objects, for code that is written for destinations.",
    ),
    "Redelivery": _Section(
        "Redelivery and cancellation",
        description="Send one message or many once more, or stop deliveries that are pending."
        " Requests that concern many messages start a background task.",
    ),
    "Erasure": _Section(
        "Erasure",
        description="Erase what is stored about a person, named by a tag of their messages. A"
        " signed receipt says what was erased.",
    ),
    "Background Task": _Section(
        "Background tasks",
        description="A background task works through many messages after its request was"
        " answered. Read it to follow its progress.",
    ),
    "Statistics": _Section(
        "Statistics",
        description="Numbers and times per minute, hour and day, which are exact: each event is"
        " counted once.",
    ),
    "Operational Webhook Endpoint": _Section(
        "Operational webhooks",
        description="An operational webhook endpoint belongs to you, not to a customer. It"
        " receives events about your customers' endpoints, such as"
        " `endpoint.disabled`.",
    ),
    "Ingest Source": _Section(
        "Sources",
        description="A source receives the webhooks of another sender, such as GitHub or Stripe, at"
        " a URL of its own: it verifies them, stores them, and delivers them to its endpoints with"
        " retries. Its id stands for an application in all paths below `/api/v1/app/`.",
    ),
    "Ingest Endpoint": _Section(
        "Endpoints of sources",
        description="An endpoint of a source is a URL to which the webhooks that the source"
        " receives are delivered.",
    ),
    "Stream": _Section(
        "Streams",
        description="A stream is a sequence of events that go to each of its sinks in order. Its id"
        " stands for an application in all paths below `/api/v1/app/`.",
    ),
    "Stream Event": _Section(
        "Events of streams",
        description="Events are posted to a stream many at a time, and delivered to its sinks or"
        " polled from them.",
    ),
    "Stream Sink": _Section(
        "Sinks",
        description="A sink gets the events of a stream in order: `http` by requests, `poller` when"
        " it asks.",
    ),
    "Stream Event Type": _Section(
        "Event types of streams",
        description="The event types of messages, as clients of streams know them: the same"
        " objects.",
    ),
    "Tenant": _Section(
        "Tenant policy",
        description="The retry schedule and the retention that apply to all of your applications.",
    ),
    "Environment": _Section(
        "Export and import",
        description="Your event types, policy, applications and endpoints as one document: to copy"
        " them to another tenant or platform, and to keep them in version control.",
    ),
    "Audit Log": _Section(
        "Audit log",
        description="Every request that changed or tried to change something, except posted"
        " messages.",
    ),
    "API Key": _Section(
        "API keys",
        description="An API key identifies a caller to this API, and its scope says what the caller"
        " may do. Only keys with the scope `admin` manage keys.",
    ),
    "Integration": _Section(
        "Integrations",
        description="An integration is an API key with which a third party uses one application:"
        " the same keys as those of the scope `application` in the section before.",
    ),
    "Authentication": _Section(
        "Portal access",
        description="A portal token lets one of your customers see and change its own application"
        " in the portal. Create one for each login.",
    ),
    "Platform": _Section(
        "Tenants (operators)",
        description="A tenant owns API keys, applications and event types, and sees nothing of"
        " other tenants. Only a key with the scope `platform` manages tenants; an operator creates"
        " one with `angarium keys create NAME --scope platform`.",
    ),
    "Platform Operation": _Section(
        "Platform (operators)",
        description="The processes, streams and databases of the platform, what is wrong with them,"
        " and the entries that no service could handle. All of it concerns every tenant: it needs a"
        " key with the scope `platform` or, where the operator has set"
        " `ANGARIUM_ADMIN_KEYS_OPERATE_PLATFORM`, `admin`.",
    ),
    "Event Stream": _Section(
        "Streams of events",
        description="Follow what happens while it happens, as server-sent events: messages"
        " accepted, attempts made, deliveries exhausted, endpoints changed.",
    ),
    "Search": _Section(
        "Search",
        description="Find messages and attempts in one application or in all of them, by id, type,"
        " tag, channel, status and time.",
    ),
    "Health": _Section("Health", "A check for load balancers. It needs no API key."),
}


def tags() -> list[dict[str, Any]]:
    """Return the document's `tags`, in reading order."""
    return [
        {"name": name, "x-displayName": section.title, "description": section.description}
        for name, section in _SECTIONS.items()
    ]
