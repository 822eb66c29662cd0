"""Reads error replies: the one place where a server's error codes are read."""

from angarium_worker.domain.attempt_result import (
    FailureReason,
    PhasesS,
    Rejected,
    Rejection,
    Throttled,
)

_NOT_READY = {
    "LOADING": "the server is loading its data",
    "BUSY": "the server is busy running a script",
    "OOM": "the server is out of memory",
    "READONLY": "the server is a read-only replica",
    "CLUSTERDOWN": "the cluster is down",
    "MASTERDOWN": "the server has lost its master",
    "TRYAGAIN": "the cluster is moving the stream",
    "NOREPLICAS": "the server has too few replicas",
    "MISCONF": "the server cannot write to its disk",
}
_REFUSED = {
    "NOAUTH": "the server wants a user and a password",
    "WRONGPASS": "the user or the password is wrong",
    "NOPERM": "the user may not append to the stream",
    "WRONGTYPE": "the key holds something that is not a stream",
    "MOVED": "the stream is on another node of the cluster",
    "ASK": "the stream is moving to another node of the cluster",
}


def read_error(code: str, phases_s: PhasesS) -> Rejected | Throttled:
    """The result of an attempt that the server answered with this error code.

    The server's own words are not repeated: for a command that it does not know they quote its
    arguments, which may be the password or the payload.
    """
    if code in _NOT_READY:
        return Throttled(
            0,
            b"",
            *phases_s,
            reason=FailureReason.STREAM_NOT_READY,
            detail=f"{code}: {_NOT_READY[code]}",
        )
    known = _REFUSED.get(code)
    return Rejected(
        0,
        b"",
        *phases_s,
        rejection=Rejection.REFUSED if known else Rejection.FAILED,
        reason=FailureReason.STREAM_REFUSED,
        detail=f"{code}: {known}" if known else "an error that is not expected",
    )
