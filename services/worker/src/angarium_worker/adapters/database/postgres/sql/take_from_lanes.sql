-- Take deliveries out of held lanes ($1-$6: endpoint, fence, first attempts, retries, ordered, the
-- last message), at most $7 payload bytes but at least one delivery, for $8 microseconds.
--
-- Only the holder of the lane takes from it: its fence must match and its lease last ("held"). A
-- worker that was stopped beyond its lease takes nothing, where it would overtake the new holder.
-- The lanes stay share-locked until the commit. Otherwise another worker could lease a lane at
-- this moment and, with "skip locked", look past the rows that are just being taken: an ordered
-- endpoint would get the second message before the first.
-- The rows of an ordered lane are taken as an unbroken sequence from the head: one that is not yet
-- due, or cannot be locked, ends it. Locking re-reads each row, so that one which has left the lane
-- or got a later due_at since the snapshot is not taken.
with clock as (
    select (extract(epoch from statement_timestamp()) * 1000000)::bigint as now
), held as materialized (
    select t.*
    from unnest($1::bytea[], $2::bigint[], $3::int[], $4::int[], $5::boolean[], $6::bytea[])
        with ordinality
        as t (endpoint_id, fence, firsts_max, retries_max, ordered, upto, place)
    join lane l on l.endpoint_id = t.endpoint_id and l.fence = t.fence
    where l.held_until > (extract(epoch from statement_timestamp()) * 1000000)::bigint
    order by t.endpoint_id
    for share of l
), firsts as materialized (
    select h.place, 0 as part, h.endpoint_id, r.message_id, r.size
    from held h cross join lateral (
        select p.message_id, octet_length(p.payload)::bigint as size
        from pending_delivery p
        where p.endpoint_id = h.endpoint_id and p.lane = 0 and p.message_id <= h.upto
            and p.due_at <= (extract(epoch from statement_timestamp()) * 1000000)::bigint
        order by p.message_id
        limit h.firsts_max
        for update skip locked) r
    where not h.ordered
), retries as materialized (
    select h.place, 1 as part, h.endpoint_id, r.message_id, r.size
    from held h cross join lateral (
        select p.message_id, octet_length(p.payload)::bigint as size
        from pending_delivery p
        where p.endpoint_id = h.endpoint_id and p.lane = 1 and p.message_id <= h.upto
            and p.due_at <= (extract(epoch from statement_timestamp()) * 1000000)::bigint
        order by p.message_id
        limit h.retries_max
        for update skip locked) r
    where not h.ordered
), heads as (
    select h.place, h.endpoint_id, r.message_id,
        row_number() over sequence as position,
        bool_and(r.is_due) over sequence as is_due
    from held h cross join lateral (
        select f.message_id, f.due_at <= clock.now as is_due
        from clock, (
            (select p.message_id, p.due_at from pending_delivery p
            where p.endpoint_id = h.endpoint_id and p.lane = 0 and p.message_id <= h.upto
            order by p.message_id limit h.firsts_max)
            union all
            (select p.message_id, p.due_at from pending_delivery p
            where p.endpoint_id = h.endpoint_id and p.lane = 1 and p.message_id <= h.upto
            order by p.message_id limit h.firsts_max)) f
        order by f.message_id
        limit h.firsts_max) r
    where h.ordered
    window sequence as (partition by h.place order by r.message_id)
), locked as materialized (
    select h.place, h.endpoint_id, h.message_id, h.position,
        octet_length(p.payload)::bigint as size
    from heads h
    join pending_delivery p on p.message_id = h.message_id and p.endpoint_id = h.endpoint_id
    where h.is_due and p.lane is not null
        and p.due_at <= (extract(epoch from statement_timestamp()) * 1000000)::bigint
    for update of p skip locked
), unbroken as (
    select place, 0 as part, endpoint_id, message_id, size
    from (
        select *, row_number() over (partition by place order by position) as counted
        from locked) l
    where counted = position
), chosen as materialized (
    select *
    from (
        select *, sum(size) over (order by place, part, message_id) as total
        from (
            select * from firsts
            union all select * from retries
            union all select * from unbroken) e) s
    where total <= $7 or total = size
), taken as (
    update pending_delivery p
    set due_at = clock.now + $8, fence = p.fence + 1
    from chosen c, clock
    where p.message_id = c.message_id and p.endpoint_id = c.endpoint_id
    returning p.*, c.place, c.part
)
select message_id, endpoint_id, application_id, tenant_id, event_type, payload, endpoint_version,
    attempts_made, channels, trace, trigger, retry_delays, weight, lane, content_type, cancelled, fence
from taken
order by place, part, message_id
