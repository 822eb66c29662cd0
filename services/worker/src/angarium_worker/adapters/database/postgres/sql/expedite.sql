-- Make those deliveries of endpoint $1 due now that are due later than $2 microseconds from now,
-- and give the endpoint's lane its turn if one of them stands in it.
-- $2 is the length of a lease. A row that is due sooner may be held: making it due now would let a
-- second worker lease it while the first is still sending. It comes due by itself soon enough.
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
