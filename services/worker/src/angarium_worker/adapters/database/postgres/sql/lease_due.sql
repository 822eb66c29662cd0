-- Take the longest due deliveries that stand in no lane: at most $1 rows of at most $2 payload
-- bytes, for $3 microseconds. statement_timestamp() is stable, so the index on due_at is used.
with clock as (
    select (extract(epoch from statement_timestamp()) * 1000000)::bigint as now
), free as materialized (
    select message_id, endpoint_id, due_at, octet_length(payload)::bigint as size
    from pending_delivery
    where lane is null
        and due_at <= (extract(epoch from statement_timestamp()) * 1000000)::bigint
    order by due_at
    limit $1
    for update skip locked
), chosen as materialized (
    select message_id, endpoint_id
    from (select *, sum(size) over (order by due_at, message_id, endpoint_id) as total from free) f
    where total - size < $2
)
update pending_delivery p
set due_at = clock.now + $3, fence = p.fence + 1
from chosen c, clock
where p.message_id = c.message_id and p.endpoint_id = c.endpoint_id
returning p.message_id, p.endpoint_id, p.application_id, p.tenant_id, p.event_type, p.payload,
    p.endpoint_version, p.attempts_made, p.channels, p.trace, p.trigger, p.retry_delays,
    p.weight, p.lane, p.cancelled, p.fence
