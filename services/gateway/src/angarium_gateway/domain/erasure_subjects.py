"""Subjects of an erasure: a tag, or a member of metadata, that names the person."""

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TagSubject:
    """A tag that the person's messages have."""

    tag: str


@dataclass(frozen=True, slots=True)
class MetadataSubject:
    """A member of the metadata of applications whose messages are all about the person."""

    key: str
    value: str

    def text(self) -> str:
        """The member as the arguments of a task have it, a JSON array."""
        return json.dumps([self.key, self.value])


type ErasureSubject = TagSubject | MetadataSubject


def metadata_subject(text: str) -> MetadataSubject:
    """The member that `MetadataSubject.text` returned as this text."""
    key, value = json.loads(text)
    return MetadataSubject(key, value)
