"""What is printed once the platform is ready."""

import shlex
from dataclasses import dataclass, field
from pathlib import Path

from rich.text import Text

APPLICATION_UID = "demo"
EVENT_TYPE = "invoice.paid"
DOCS_PATH = "/docs"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the banner tells."""

    version: str
    api_url: str
    api_key: str = field(repr=False)
    data_dir: Path
    seconds: float


def banner(facts: Facts) -> Text:
    """Where everything is, and two examples that work as printed."""
    text = Text("\n")
    text.append(f"Angarium {facts.version} is ready", "bold green")
    text.append(f" after {facts.seconds:.1f} s\n\n", "dim")
    rows = {
        "API": facts.api_url,
        "API key": facts.api_key,
        "API docs": facts.api_url + DOCS_PATH,
        "Data": f"{facts.data_dir} (kept for the next start)",
        "Stop": "Ctrl-C",
    }
    for name, value in rows.items():
        text.append(f"  {name:<9} ", "bold").append(f"{value}\n")
    text.append("\nPost an event with curl:\n\n", "dim").append(curl_example(facts))
    text.append("\n\nor in Python with the official SDK (pip install svix):\n\n", "dim")
    text.append(python_example(facts))
    return text


def curl_example(facts: Facts) -> str:
    """Shell commands that create an application, unless it is there, and post an event to it."""
    headers = " ".join(
        f"-H {shlex.quote(header)}"
        for header in (f"Authorization: Bearer {facts.api_key}", "Content-Type: application/json")
    )
    application = f'{{"name": "Demo", "uid": "{APPLICATION_UID}"}}'
    message = f'{{"eventType": "{EVENT_TYPE}", "payload": {{"invoice": "in_1", "cents": 4200}}}}'
    return (
        f"curl -sS '{facts.api_url}/api/v1/app?get_if_exists=true' \\\n"
        f"  {headers} \\\n"
        f"  -d '{application}'\n"
        f"curl -sS '{facts.api_url}/api/v1/app/{APPLICATION_UID}/msg' \\\n"
        f"  {headers} \\\n"
        f"  -d '{message}'"
    )


def python_example(facts: Facts) -> str:
    """The same with the `svix` package."""
    return (
        "from svix.api import ApplicationIn, MessageIn, Svix, SvixOptions\n"
        "\n"
        f"svix = Svix({facts.api_key!r}, SvixOptions(server_url={facts.api_url!r}))\n"
        "application = svix.application.get_or_create("
        f"ApplicationIn(name='Demo', uid='{APPLICATION_UID}'))\n"
        "message = svix.message.create(\n"
        "    application.id,\n"
        f"    MessageIn(event_type='{EVENT_TYPE}', payload={{'invoice': 'in_1', 'cents': 4200}}),\n"
        ")\n"
        "print(message.id)\n"
    )
