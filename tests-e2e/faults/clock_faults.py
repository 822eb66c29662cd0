"""The wall clock of one service is two hours off."""

from .preloaded import shifted_clock
from .stage import Stage
from .trial import Account, Trial

SHIFT_S = 7_200
LATE_S = 30.0


def shifted(stage: Stage, service: str, shift_s: int) -> Account:
    """All processes of a service tell another time. One message in six fails once."""
    way = "ahead" if shift_s > 0 else "behind"
    extra = shifted_clock(stage.folder / "clock", shift_s)
    members = stage.of(service)
    for member in members:
        member.stop()
        member.start(**extra)
    stage.await_ready()
    try:
        with Trial(stage, f"Clock of the {service} two hours {way}", path="/flaky/6") as trial:
            with trial.fault():
                trial.run_for(4)
            account = trial.conclude(settle_s=LATE_S)
            books = trial.databases.books(trial.app)
            odd = [id_ for id_ in books.journal if books.numbers.get(id_) not in ([1], [1, 2])]
            account.expect(not odd, f"{len(odd)} deliveries have neither one attempt nor two")
            gaps_s = sorted(
                (entry["last_ns"] - entry["first_ns"]) / 1e9
                for entry in trial.receiver.entries()
                if entry["times"] > 1
            )
            if gaps_s:
                account.notes.append(f"retried after {gaps_s[0]:.2f} to {gaps_s[-1]:.1f} s")
                # 500 ms with a jitter of a fifth.
                account.expect(gaps_s[0] >= 0.35, f"a retry came after {gaps_s[0]:.2f} s")
                account.expect(gaps_s[-1] <= LATE_S, f"a retry came after {gaps_s[-1]:.1f} s")
            return account
    finally:
        for member in members:
            member.stop()
            member.start()
        stage.await_ready()
