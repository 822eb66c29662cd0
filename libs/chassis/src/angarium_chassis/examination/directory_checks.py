"""Compares a service's copy of the directory with the dispatcher's."""

from angarium_chassis.examination.findings import Finding, ok, warning
from angarium_chassis.wording import counted


def judge_directory(service: str, *, held: int, directory: int) -> list[Finding]:
    """Compare the version that a service holds with the dispatcher's, which was read after it."""
    subject = f"{service} directory copy"
    if held < directory:
        return [
            warning(
                subject,
                f"It is {counted(directory - held, 'change')} behind the dispatcher's directory.",
                "Run the doctor again in a few seconds. If the lag remains, look for"
                f" directory.resync_waits in the {service}'s log: the dispatcher does not answer.",
            )
        ]
    if held > directory:
        return [
            warning(
                subject,
                "It is ahead of the dispatcher's directory, which was restored from a backup.",
                "Save again each application that was changed after the backup.",
            )
        ]
    return [ok(subject, "It is up to date with the dispatcher's directory.")]
