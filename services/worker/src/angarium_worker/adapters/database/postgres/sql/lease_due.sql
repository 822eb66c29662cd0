-- Lease the deliveries that have been due longest and stand in no lane: at most $1 rows of at most
-- $2 payload bytes, for $3 microseconds.
--
-- "for update skip locked": workers that lease at the same moment each take other rows. Without
-- "skip locked" all would queue for the same oldest rows; without "for update" two would lease one
-- delivery, and send it twice.
-- The lease is the new due_at: when its holder dies, the row comes due again by itself. The fence
-- is counted up, so that what the former holder still records is recognized as stale.
-- The first row always fits, however large, or it would never be sent.
-- statement_timestamp() is written out in the condition: it is stable, so the index on due_at is
-- used.
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
    p.weight, p.lane, p.content_type, p.cancelled, p.fence
