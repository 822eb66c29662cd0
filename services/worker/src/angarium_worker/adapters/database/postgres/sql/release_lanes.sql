-- Release held lanes. $1-$8: endpoint, fence, arrivals, wait, burst (microseconds), confirmed,
-- ordered, state. A lane that is empty ends, unless its rate limit is booked ahead: the row is then
-- kept, because it alone knows by how much.
--
-- The snapshot of this statement may lack rows that came into the lane meanwhile: of transactions
-- that wait for the lane's lock, or that committed just before it was taken here. Ending the lane
-- over such a row would strand it. The first kind finds the lane ended or released after this
-- commit, and opens or calls it. The second kind has counted up arrivals, which is read under the
-- lock and differs from what the holder saw; it has left in due_at when its first row is due.
-- due_at = 0 says that wake_lanes was called while the lane was held: its turn comes now, whatever
-- the wait.
-- Lanes are locked in the order of endpoints, so that two of these never deadlock.
with clock as (
    select (extract(epoch from statement_timestamp()) * 1000000)::bigint as now
), held as materialized (
    select g.endpoint_id, g.wait, g.burst, g.confirmed, g.ordered, g.state,
        l.arrivals <> g.arrivals as has_arrived, l.due_at as called_at
    from unnest(
        $1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[],
        $7::boolean[], $8::text[])
        as g (endpoint_id, fence, arrivals, wait, burst, confirmed, ordered, state)
    join lane l on l.endpoint_id = g.endpoint_id and l.fence = g.fence
    where l.held_until is not null
    order by g.endpoint_id
    for update of l
), seen as materialized (
    select h.*, case
        when h.ordered then (
            select f.due_at from (
                (select p.message_id, p.due_at from pending_delivery p
                where p.endpoint_id = h.endpoint_id and p.lane = 0
                order by p.message_id limit 1)
                union all
                (select p.message_id, p.due_at from pending_delivery p
                where p.endpoint_id = h.endpoint_id and p.lane = 1
                order by p.message_id limit 1)) f
            order by f.message_id limit 1)
        else (
            select p.due_at from pending_delivery p
            where p.endpoint_id = h.endpoint_id and p.lane is not null
            order by p.due_at limit 1)
        end as first_due
    from held h
), judged as materialized (
    select *, first_due is null and not has_arrived as is_empty from seen
), ended as (
    delete from lane l using judged j
    where l.endpoint_id = j.endpoint_id and j.is_empty and j.burst = 0
)
update lane l
set held_until = null, burst_at = clock.now + j.burst, confirmed = j.confirmed,
    state = j.state,
    waits_until = case when woken then 0 else clock.now + j.wait end,
    due_at = case
        when woken then clock.now
        when j.is_empty then clock.now + greatest(j.wait, j.burst)
        else greatest(
            clock.now + j.wait,
            least(j.first_due, case when j.has_arrived then j.called_at end))
        end
from judged j, clock, lateral (select j.called_at = 0 and j.burst = 0 as woken) w
where l.endpoint_id = j.endpoint_id and not (j.is_empty and j.burst = 0)
