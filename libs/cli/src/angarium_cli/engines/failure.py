"""The one error of the embedded engines."""


class EngineFailed(Exception):
    """An embedded engine cannot do what was asked.

    `str()` is one line: the engine, what happened and why, and the remedy. It never holds a
    password. The parts are attributes too.
    """

    def __init__(self, engine: str, what: str, remedy: str) -> None:
        self.engine = engine
        self.what = " ".join(what.split())
        self.remedy = remedy
        super().__init__(f"{engine}: {self.what}. {remedy}")
