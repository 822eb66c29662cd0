"""What must hold at every step, and in the end."""

from collections import defaultdict
from collections.abc import Sequence

from angarium_worker.application.ledger.records import AttemptRow, Record
from angarium_worker.domain.attempt_result import FailureReason
from angarium_worker.domain.delivery import DeliveryKey

from .deliveries import (
    IN_ORDER,
    LIMITS,
    NO_DUPLICATE,
    NOTHING_FORGOTTEN,
    ONE_OUTCOME,
    ONE_PROBE,
    QUIET,
    RECORDED_BEFORE_ACK,
    Delivery,
)
from .messages import Message
from .processes import Machine, Process
from .row_shapes import Pending
from .stored_rows import StoredRows
from .surroundings import Endpoint, Request

SUCCESS = 0
GONE = 410
ASKED_TO_END = (FailureReason.ABORTED_BY_RECEIVER, FailureReason.DISABLED_BY_RECEIVER)
LATE_S = 3.0
"""A healthy endpoint's first attempt, after its chunk came."""
_SLACK_S = 1e-4


class Invariants:
    """Is told of everything that happens, and says what must not. `faultless`: nothing goes wrong
    in this run."""

    def __init__(
        self, machine: Machine, *, faultless: bool, roomy: bool, default_delays: int
    ) -> None:
        self._machine = machine
        self._default_delays = default_delays
        self._faultless = faultless
        self._roomy = roomy
        self.rows: StoredRows
        self.deliveries: dict[DeliveryKey, Delivery] = {}
        self.of_endpoint: defaultdict[bytes, list[Delivery]] = defaultdict(list)
        self.in_flight: defaultdict[bytes, set[Request]] = defaultdict(set)
        self.unrecorded: dict[tuple[str, DeliveryKey], list[Request]] = {}
        self.by_row: dict[bytes, Request] = {}
        self.cancelled_by_hand = False
        self._booked_s: dict[bytes, float] = {}

    def _violate(self, invariant: str, text: str) -> None:
        self._machine.violate(invariant, text)

    # What the gateway tells

    def accepted(self, message: Message, endpoint: Endpoint) -> None:
        delays = endpoint.state.retry_delays_s
        if delays is None:
            delays = message.retry_delays_s
        key = message.id, endpoint.state.id
        delivery = Delivery(
            key, message, endpoint, self._default_delays if delays is None else len(delays)
        )
        self.deliveries[key] = delivery
        self.of_endpoint[key[1]].append(delivery)

    def arrived(self, keys: Sequence[DeliveryKey]) -> None:
        for key in keys:
            self.deliveries[key].arrived_s = self._machine.now_s

    def read(self, keys: Sequence[DeliveryKey], process: Process) -> None:
        for key in keys:
            self.deliveries[key].readers.append((process, self._machine.now_s))

    def settled(self, keys: Sequence[DeliveryKey]) -> None:
        self._machine.progress += 1
        for key in keys:
            delivery = self.deliveries[key]
            delivery.settled_s = min(delivery.settled_s, self._machine.now_s)
            if not delivery.on_record:
                self._violate(RECORDED_BEFORE_ACK, f"{delivery} was acknowledged")

    # What the database tells

    def attempted(self, process: str, row: AttemptRow, held: Pending | None) -> None:
        self._machine.progress += 1
        delivery = self.deliveries[row.message_id, row.endpoint_id]
        delivery.on_record = True
        self._machine.note(
            f"attempt {row.number} of {delivery} is on record: {row.response_status}, {process},"
            f" fence {held.fence if held is not None else None}"
        )
        self._check_step(process, delivery, row, held)
        final = row.status == SUCCESS or row.retry_in_us is None
        if final:
            delivery.ended = True
        waiting = self.unrecorded.get((process, delivery.key))
        if not waiting:
            self._violate(ONE_OUTCOME, f"an attempt of {delivery} that was no request")
            return
        request = self._take_request(waiting, held)
        request.row_s, request.final = self._machine.now_s, final
        self.by_row[row.id] = request

    @staticmethod
    def _take_request(waiting: list[Request], held: Pending | None) -> Request:
        """Take the request of an attempt: an outcome that came too late leaves no record, and its
        request waits beside the one that was sent in its place."""
        fence = held.fence if held is not None else None
        turn = next((at for at, each in enumerate(waiting) if each.fence == fence), 0)
        return waiting.pop(turn)

    def _check_step(
        self, process: str, delivery: Delivery, row: AttemptRow, held: Pending | None
    ) -> None:
        """Only a first attempt may be without a fence: where its chunk was in two hands, there
        are two."""
        if held is None:
            life, generation = None, 0
            delivery.unfenced[process] += 1
            self._check_chunk(delivery, process)
            if row.number != 1:
                self._violate(ONE_OUTCOME, f"attempt {row.number} of {delivery} without a fence")
        else:
            life, generation = held.life, held.generation
            if (life, row.number) in delivery.steps:
                self._violate(ONE_OUTCOME, f"{delivery} has two attempts {row.number}")
        delivery.steps.add((life, row.number))
        step = generation, row.number
        before = delivery.attempts.get(step)
        if before is None or before.status != SUCCESS:
            delivery.attempts[step] = row

    def _check_chunk(self, delivery: Delivery, process: str) -> None:
        """Who reads a chunk gives each of its deliveries one outcome without a fence."""
        outcomes = delivery.unfenced[process] + (process in delivery.parked_by)
        if outcomes > sum(reader.name == process for reader, _ in delivery.readers):
            self._violate(ONE_OUTCOME, f"{delivery} has another outcome without a fence")

    def pending(self, process: str | None, row: Pending) -> None:
        self._machine.progress += 1
        if process is not None and row.attempts_made == 0:
            delivery = self.deliveries[row.key]
            delivery.parked_by.add(process)
            self._check_chunk(delivery, process)
        self.deliveries[row.key].on_record = True
        self._machine.note(
            f"{self.deliveries[row.key]} is pending: lane {row.lane}, fence {row.fence},"
            f" {row.attempts_made} made"
        )

    def cancelled(self, key: DeliveryKey, reason: str, by_hand: bool) -> None:
        self._machine.progress += 1
        delivery = self.deliveries[key]
        self._machine.note(f"{delivery} is cancelled: {reason}")
        delivery.on_record = delivery.ended = True
        delivery.cancelled.append((reason, by_hand))
        if not reason or (by_hand and not self.cancelled_by_hand):
            self._violate(NOTHING_FORGOTTEN, f"{delivery} was cancelled for no reason")
        if not by_hand and not delivery.endpoint.was_inactive:
            self._violate(NOTHING_FORGOTTEN, f"{delivery} was cancelled, its endpoint never closed")

    def moved(self, before: Pending, attempts_made: int) -> None:
        if attempts_made < before.attempts_made:
            self._violate(ONE_OUTCOME, f"{self.deliveries[before.key]} went back in its schedule")

    def lane_ended(self, endpoint_id: bytes) -> None:
        if endpoint_id in self.rows.without_lane():
            self._violate(NOTHING_FORGOTTEN, "a lane ended in which deliveries stand")

    def confirmed(self, process: Process, records: Sequence[Record]) -> None:
        for record in records:
            rows = [*record.attempts, *[each.attempt for each in record.leased if each.attempt]]
            for row in rows:
                request = self.by_row.pop(row.id, None)
                if request is not None:
                    request.confirmed_s = self._machine.now_s

    # What the network tells

    def begun(self, request: Request) -> None:
        self._machine.progress += 1
        delivery = self.deliveries[request.key]
        row = self.rows.pending.get(request.key)
        request.generation = row.generation if row is not None else 0
        request.fence = row.fence if row is not None else None
        self._check_needed(delivery, request)
        if delivery.endpoint.steady:
            self._check_order(delivery, request)
            self._check_limits(delivery.endpoint, request)
        self._check_latency(delivery)
        self._check_probe(delivery, request)
        delivery.requests.append(request)
        self.in_flight[request.key[1]].add(request)
        self.unrecorded.setdefault((request.process.name, request.key), []).append(request)

    def ended(self, request: Request) -> None:
        self.in_flight[request.key[1]].discard(request)
        if request.cut_s is not None:
            waiting = self.unrecorded.get((request.process.name, request.key), [])
            if request in waiting:
                waiting.remove(request)

    def _check_needed(self, delivery: Delivery, request: Request) -> None:
        for earlier in delivery.requests:
            if earlier.row_s is not None and not earlier.final:
                continue
            if earlier.row_s is not None and earlier.generation != request.generation:
                continue
            if self._faultless or not self._is_excused(delivery, earlier, request):
                self._violate(
                    NO_DUPLICATE, f"{delivery} is sent again, after {earlier.begun_s:.4f}"
                )

    def _is_excused(self, delivery: Delivery, earlier: Request, request: Request) -> bool:
        """The delivery was in the hands of a process, here or there, when that had a fault."""
        until_s = min(request.begun_s, earlier.confirmed_s)
        if earlier.process.faulted_within(earlier.begun_s, until_s):
            return True
        until_s = min(request.begun_s, delivery.settled_s)
        return any(process.faulted_within(read_s, until_s) for process, read_s in delivery.readers)

    def _check_order(self, delivery: Delivery, request: Request) -> None:
        endpoint = delivery.endpoint
        if not endpoint.state.fifo:
            return
        if self._beside(request):
            self._violate(IN_ORDER, f"{delivery} is sent beside another")
        posted_s = delivery.message.posted_s
        for other in self.of_endpoint[request.key[1]]:
            if other.message.answered_s < posted_s and not other.ended:
                self._violate(IN_ORDER, f"{delivery} is sent before {other} ended")

    def _beside(self, request: Request) -> list[Request]:
        """Requests under way to the same endpoint, of processes that have not lost it."""
        return [
            other
            for other in self.in_flight[request.key[1]]
            if other.process.alive
            and not other.process.frozen
            and other.process.thawed_s < other.begun_s
        ]

    def _check_limits(self, endpoint: Endpoint, request: Request) -> None:
        state, now_s = endpoint.state, request.begun_s
        if state.concurrency_max and len(self._beside(request)) >= state.concurrency_max:
            self._violate(LIMITS, f"endpoint {endpoint.number} gets too many requests at once")
        if state.throttle_rate:
            booked_s = max(now_s, self._booked_s.get(state.id, 0.0)) + 1 / state.throttle_rate
            burst = max(1, state.throttle_rate // 10)
            self._booked_s[state.id] = booked_s
            if booked_s - now_s > burst / state.throttle_rate + _SLACK_S:
                self._violate(LIMITS, f"endpoint {endpoint.number} gets requests too fast")

    def _check_probe(self, delivery: Delivery, request: Request) -> None:
        request.is_probe = request.process.is_probing(request.key[1])
        if request.is_probe and any(
            other.is_probe and other.process is request.process
            for other in self.in_flight[request.key[1]]
        ):
            self._violate(ONE_PROBE, f"{delivery} is a second probe")

    def _check_latency(self, delivery: Delivery) -> None:
        state = delivery.endpoint.state
        strict = state.fifo or state.throttle_rate or state.concurrency_max
        if delivery.requests or strict or not (self._faultless and self._roomy):
            return
        if delivery.endpoint.always_healthy and delivery.endpoint.steady:
            waited_s = self._machine.now_s - delivery.arrived_s
            if waited_s > LATE_S:
                self._violate(QUIET, f"{delivery} waited for {waited_s:.2f} s")

    # In the end

    def check_end(self) -> None:
        for delivery in self.deliveries.values():
            if not delivery.on_record:
                self._violate(NOTHING_FORGOTTEN, f"{delivery} left no trace")
            generations = range(self.rows.generations.get(delivery.key, 0) + 1)
            for generation in generations:
                self._check_generation(delivery, generation)
            if self._faultless and any(each.row_s is None for each in delivery.requests):
                self._violate(NO_DUPLICATE, f"{delivery} has a request that is not on record")
        if self.rows.pending:
            self._violate(NOTHING_FORGOTTEN, "something is pending for ever")

    def _check_generation(self, delivery: Delivery, generation: int) -> None:
        numbers = sorted(number for gen, number in delivery.attempts if gen == generation)
        if numbers != list(range(1, len(numbers) + 1)):
            self._violate(ONE_OUTCOME, f"{delivery} lacks attempts: {numbers}")
            return
        if delivery.cancelled:
            return
        last = delivery.attempts.get((generation, len(numbers)))
        if last is None:
            self._violate(NOTHING_FORGOTTEN, f"{delivery} was never attempted ({generation})")
        elif (
            last.status != SUCCESS
            and last.response_status != GONE
            and last.failure not in ASKED_TO_END
            and len(numbers) != delivery.delays + 1
        ):
            self._violate(NOTHING_FORGOTTEN, f"{delivery} ended after {len(numbers)} attempts")
