-- Lease the lanes whose turn came first: at most $1, for $2 microseconds. While a lane is held,
-- its due_at is the end of its lease, or the time at which something that came in since is due.
--
-- "for update skip locked" lets every worker take other lanes. The fence is counted up: a holder
-- that was stopped beyond its lease neither takes from the lane nor releases it afterwards, which
-- would break the order and the limits that the new holder keeps.
-- held_until of the row as it was says whether the last holder released the lane ("abandoned"):
-- if it did not, nobody knows how much of the endpoint's rate it used.
with clock as (
    select (extract(epoch from statement_timestamp()) * 1000000)::bigint as now
), free as materialized (
    select endpoint_id, due_at, held_until is not null as abandoned
    from lane
    where due_at <= (extract(epoch from statement_timestamp()) * 1000000)::bigint
        and (held_until is null
            or held_until <= (extract(epoch from statement_timestamp()) * 1000000)::bigint)
    order by due_at
    limit $1
    for update skip locked
), taken as (
    update lane l
    set held_until = clock.now + $2, due_at = clock.now + $2, waits_until = 0,
        fence = l.fence + 1
    from free f, clock
    where l.endpoint_id = f.endpoint_id
    returning l.endpoint_id, l.application_id, l.tenant_id, l.weight, l.fence, l.arrivals,
        greatest(l.burst_at - clock.now, 0) as burst, l.confirmed, f.abandoned, f.due_at
)
select endpoint_id, application_id, tenant_id, weight, fence, arrivals, burst, confirmed,
    abandoned
from taken
order by due_at
