"""The panels of each dashboard."""

from panels import RATE, Panel, Row, highest, percentiles, quantile, rate

MISSES = rate("angarium_dispatcher_cache_misses_total")
HITS = rate("angarium_dispatcher_cache_hits_total")
ACCEPTED = Panel(
    "Messages accepted",
    "reqps",
    {"{{schedule}}": rate("angarium_gateway_messages_accepted_total", "schedule")},
)
ATTEMPTS = Panel(
    "Attempts",
    "reqps",
    {"{{outcome}} {{status}}": rate("angarium_worker_attempts_total", "outcome", "status")},
)
LATENCY = Panel(
    "Accepted to delivered, first attempts",
    "s",
    {
        f"p{int(share * 100)}": (
            f"histogram_quantile({share}, sum by (le)"
            f' (rate(angarium_worker_delivery_latency_seconds_bucket{{attempt="first"}}{RATE})))'
        )
        for share in (0.5, 0.95, 0.99)
    },
)
PENDING = Panel(
    "Pending deliveries",
    "short",
    {
        "pending": highest("angarium_deliveries_pending"),
        "parked in lanes": highest("angarium_deliveries_parked"),
        "due": highest("angarium_retries_due"),
        "overdue": highest("angarium_retries_overdue"),
    },
    "Parked, due and overdue are counted up to 10,000.",
)
STREAM_AGE = Panel(
    "Oldest entry of a stream",
    "s",
    {"{{stream}}": highest("angarium_stream_oldest_entry_age_seconds", "stream")},
)
REFUSALS = Panel(
    "Refusals",
    "reqps",
    {"{{status}} {{code}}": rate("angarium_gateway_refusals_total", "status", "code")},
)

OVERVIEW = (
    Row(
        "What clients and customers notice",
        (
            ACCEPTED,
            Panel("Accept latency", "s", percentiles("angarium_gateway_accept_latency_seconds")),
            REFUSALS,
            ATTEMPTS,
            LATENCY,
            Panel(
                "Failed attempts",
                "percentunit",
                {
                    "failed": (
                        f'sum(rate(angarium_worker_attempts_total{{outcome="failed"}}{RATE}))'
                        f" / sum(rate(angarium_worker_attempts_total{RATE}))"
                    )
                },
            ),
        ),
    ),
    Row(
        "What waits",
        (
            PENDING,
            STREAM_AGE,
            Panel(
                "Open batches in the journal",
                "short",
                {
                    "open": highest("angarium_journal_open_batches"),
                    "set aside": highest("angarium_journal_batches_set_aside"),
                },
            ),
        ),
    ),
    Row(
        "Processes",
        (
            Panel(
                "Processes", "short", {"{{component}}": highest("angarium_processes", "component")}
            ),
            Panel("Ready", "short", {"{{component}}": "sum by (component) (angarium_ready)"}),
            Panel(
                "Quarantined entries",
                "short",
                {"{{component}}": highest("angarium_quarantined_entries", "component")},
            ),
        ),
    ),
)

DELIVERY = (
    Row(
        "Attempts",
        (
            ATTEMPTS,
            Panel(
                "Reasons of failures",
                "reqps",
                {"{{reason}}": f"{rate('angarium_worker_failures_total', 'reason')} > 0"},
            ),
            Panel(
                "Duration of attempts", "s", percentiles("angarium_worker_attempt_duration_seconds")
            ),
            LATENCY,
            Panel(
                "Accepted to delivered, retries",
                "s",
                {
                    "p50": "histogram_quantile(0.5, sum by (le) (rate("
                    f'angarium_worker_delivery_latency_seconds_bucket{{attempt="retry"}}{RATE})))'
                },
            ),
            Panel(
                "Retries, exhausted, parked, cancelled",
                "reqps",
                {
                    "retries": rate("angarium_worker_retries_total"),
                    "exhausted": rate("angarium_worker_exhausted_total"),
                    "{{outcome}}": rate("angarium_worker_unsent_deliveries_total", "outcome"),
                },
            ),
        ),
    ),
    Row(
        "Backlog",
        (
            PENDING,
            Panel(
                "Oldest due retry", "s", {"due for": highest("angarium_retries_overdue_seconds")}
            ),
            Panel(
                "Lanes",
                "short",
                {
                    "lanes": highest("angarium_lanes"),
                    "overdue": highest("angarium_lanes_overdue"),
                    "held": "sum(angarium_worker_lanes_held)",
                },
            ),
        ),
    ),
    Row(
        "Endpoints and capacity",
        (
            Panel(
                "Endpoints in use",
                "short",
                {"{{state}}": "sum by (state) (angarium_worker_endpoints)"},
                "By state of their guard; open: the circuit breaker lets nothing through.",
            ),
            Panel("Failing endpoints", "short", {"failing": highest("angarium_endpoints_failing")}),
            Panel(
                "Deliveries in flight",
                "short",
                {
                    "sending": "sum(angarium_worker_deliveries_in_flight)",
                    "slow": "sum(angarium_worker_deliveries_in_flight_slow)",
                    "most": "sum(angarium_worker_deliveries_in_flight_max)",
                    "waiting": "sum(angarium_worker_deliveries_waiting)",
                },
            ),
        ),
    ),
)

INTERNALS = (
    Row(
        "Gateway",
        (
            Panel("Group size", "short", percentiles("angarium_gateway_group_size_messages")),
            Panel("Group commit", "s", percentiles("angarium_gateway_group_commit_seconds")),
            Panel(
                "Window",
                "percentunit",
                {
                    "{{instance}}": "angarium_gateway_window_bytes_used"
                    " / angarium_gateway_window_bytes_max"
                },
            ),
            Panel("Open batches", "short", {"{{instance}}": "angarium_gateway_open_batches"}),
            Panel(
                "Oldest open batch without progress",
                "s",
                {"{{instance}}": "angarium_gateway_oldest_open_batch_age_seconds"},
            ),
            Panel(
                "Messages that wait for a commit",
                "short",
                {"{{instance}} {{schedule}}": "angarium_gateway_messages_waiting"},
            ),
            Panel(
                "Messages/s of one tenant at most, beside others",
                "short",
                {"{{instance}}": "angarium_gateway_tenant_messages_per_second_max"},
            ),
        ),
    ),
    Row(
        "Streams",
        (
            Panel(
                "Lag",
                "short",
                {"{{stream}}": highest("angarium_stream_lag_entries", "stream")},
            ),
            Panel(
                "Taken entries",
                "short",
                {
                    "{{stream}}": highest("angarium_stream_pending_entries", "stream"),
                    "{{stream}} abandoned": highest("angarium_stream_abandoned_entries", "stream"),
                },
            ),
            STREAM_AGE,
            Panel(
                "Consumers", "short", {"{{stream}}": highest("angarium_stream_consumers", "stream")}
            ),
            Panel(
                "Redis memory",
                "bytes",
                {
                    "used": highest("angarium_redis_memory_bytes"),
                    "limit": highest("angarium_redis_memory_bytes_max"),
                },
            ),
            Panel(
                "Age of the directory's copies",
                "s",
                {
                    "gateway {{instance}}": "angarium_gateway_directory_age_seconds",
                    "worker {{instance}}": "angarium_worker_directory_age_seconds",
                },
            ),
        ),
    ),
    Row(
        "Dispatcher and worker",
        (
            Panel(
                "Dispatched",
                "reqps",
                {
                    "messages": rate("angarium_dispatcher_messages_dispatched_total"),
                    "deliveries": rate("angarium_dispatcher_deliveries_requested_total"),
                },
            ),
            Panel(
                "Cache misses",
                "percentunit",
                {
                    "misses": f"{MISSES} / ({MISSES} + {HITS})",
                },
            ),
            Panel("Recording of outcomes", "s", percentiles("angarium_worker_record_seconds")),
        ),
    ),
    Row(
        "Processes",
        (
            Panel(
                "Event-loop lag, p99",
                "s",
                {
                    "{{component}} {{instance}}": quantile(
                        0.99, "angarium_event_loop_lag_seconds", "component", "instance"
                    )
                },
            ),
            Panel("CPU", "percentunit", {"{{instance}}": f"rate(process_cpu_seconds_total{RATE})"}),
            Panel("Memory", "bytes", {"{{instance}}": "process_resident_memory_bytes"}),
            Panel(
                "Database connections",
                "percentunit",
                {
                    "{{component}} {{instance}}": "angarium_database_connections_used"
                    " / angarium_database_connections_max"
                },
            ),
            Panel(
                "Redis connections",
                "short",
                {"{{component}} {{instance}}": "angarium_redis_connections_used"},
            ),
            Panel(
                "Background tasks",
                "short",
                {"{{status}}": highest("angarium_background_tasks", "status")},
            ),
        ),
    ),
)

TENANT = (
    Row(
        "Of the last five minutes",
        (
            Panel(
                "Messages accepted",
                "short",
                {"{{tenant_id}}": highest("angarium_top_tenant_messages", "tenant_id")},
            ),
            Panel(
                "Attempts",
                "short",
                {
                    "{{tenant_id}} {{outcome}}": highest(
                        "angarium_top_tenant_attempts", "tenant_id", "outcome"
                    )
                },
            ),
            Panel(
                "Endpoints that fail",
                "short",
                {
                    "{{tenant_id}} {{endpoint_id}}": highest(
                        "angarium_top_endpoint_failures", "tenant_id", "endpoint_id"
                    )
                },
            ),
        ),
    ),
)
TENANT_NOTE = (
    "Empty unless `ANGARIUM_METRICS_TOP_N` is set for the gateways and the workers: without it, no"
    " metric names a tenant or an endpoint."
)
