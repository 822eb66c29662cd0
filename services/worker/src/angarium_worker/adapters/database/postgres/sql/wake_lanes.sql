-- Give the lanes of endpoints $1 their turn now, whatever they wait for. In a lane that is held,
-- due_at = 0 tells its release not to wait: the holder's own wait would otherwise be written over
-- this. Locked in the order of endpoints, so that two of these never deadlock.
with clock as (
    select (extract(epoch from statement_timestamp()) * 1000000)::bigint as now
), woken as materialized (
    select endpoint_id from lane
    where endpoint_id = any ($1::bytea[])
    order by endpoint_id
    for update
)
update lane l
set due_at = case when l.held_until > clock.now then 0 else least(l.due_at, clock.now) end,
    waits_until = 0, arrivals = l.arrivals + 1
from woken w, clock
where l.endpoint_id = w.endpoint_id
