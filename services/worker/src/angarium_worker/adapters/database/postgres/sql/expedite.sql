-- Make the deliveries of endpoint $1 due now that are due later than $2 microseconds from now, and
-- call the lane if one stands in it.
with clock as (
    select (extract(epoch from statement_timestamp()) * 1000000)::bigint as now
), expedited as (
    update pending_delivery
    set due_at = clock.now
    from clock
    where endpoint_id = $1
        and due_at > (extract(epoch from statement_timestamp()) * 1000000)::bigint + $2::bigint
    returning lane
)
update lane l
set due_at = greatest(l.waits_until, least(l.due_at, clock.now)), arrivals = l.arrivals + 1
from clock
where l.endpoint_id = $1 and exists (select 1 from expedited where lane is not null)
