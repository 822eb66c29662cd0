-- Make leased deliveries due now, for other workers to take. $1-$3: message, endpoint, fence.
-- Only rows that still have the fence are released, and the fence is counted up: what the former
-- holder might still record is stale. Lanes of these rows get their turn; they are locked in the
-- order of endpoints, so that two of these never deadlock.
with clock as (
    select (extract(epoch from statement_timestamp()) * 1000000)::bigint as now
), released as (
    update pending_delivery p
    set due_at = clock.now, resent_while_held = false, fence = p.fence + 1
    from clock, unnest($1::bytea[], $2::bytea[], $3::bigint[])
        as l (message_id, endpoint_id, fence)
    where p.message_id = l.message_id and p.endpoint_id = l.endpoint_id and p.fence = l.fence
    returning p.endpoint_id, p.lane
), waiting as materialized (
    select endpoint_id from lane
    where endpoint_id in (select endpoint_id from released where lane is not null)
    order by endpoint_id
    for update
)
update lane l
set due_at = greatest(l.waits_until, least(l.due_at, clock.now)), arrivals = l.arrivals + 1
from waiting w, clock
where l.endpoint_id = w.endpoint_id
