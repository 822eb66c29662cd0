-- Cancel pending deliveries of message $1, of endpoint $2, or of both; at most $5 rows. $3: the
-- reason; $4: whether a person asked; $6: the length of a lease. Returns how many were marked and
-- how many ended.
--
-- A row that is due within one lease may be held by a worker whose request is under way. Deleting
-- it would lose the attempt's record: the holder's fence would match nothing. It is marked
-- instead, and its holder ends it. A row that is marked already is passed over until no lease can
-- still cover it, so that repeated calls make progress beyond the first $5 rows.
-- Rows are locked in one order, by key or by due_at, before they are changed, and lanes by
-- endpoint: two of these at once wait for each other instead of deadlocking.
-- The lanes get their turn: the head, for which an ordered lane waited, may be gone.
with clock as (
    select (extract(epoch from statement_timestamp()) * 1000000)::bigint as now
), of_message as materialized (
    select message_id, endpoint_id, due_at
    from pending_delivery, clock
    where message_id = $1::bytea and ($2::bytea is null or endpoint_id = $2)
        and (cancelled is null or due_at <= clock.now or due_at > clock.now + $6::bigint)
    order by message_id, endpoint_id
    limit $5
    for update of pending_delivery
), of_endpoint as materialized (
    select message_id, endpoint_id, due_at
    from pending_delivery, clock
    where $1::bytea is null and endpoint_id = $2::bytea
        and (cancelled is null or due_at <= clock.now or due_at > clock.now + $6::bigint)
    order by due_at
    limit $5
    for update of pending_delivery
), found as materialized (
    select f.message_id, f.endpoint_id,
        f.due_at > clock.now and f.due_at <= clock.now + $6::bigint as may_be_held
    from clock, (select * from of_message union all select * from of_endpoint) f
), marked as (
    update pending_delivery p set cancelled = $3, by_hand = $4, resent_while_held = false
    from found f
    where p.message_id = f.message_id and p.endpoint_id = f.endpoint_id and f.may_be_held
    returning p.endpoint_id
), ended as (
    delete from pending_delivery p using found f
    where p.message_id = f.message_id and p.endpoint_id = f.endpoint_id and not f.may_be_held
    returning p.*
), recorded as (
    insert into cancelled_delivery (
        message_id, endpoint_id, application_id, tenant_id, event_type, reason, cancelled_at,
        by_hand)
    select message_id, endpoint_id, application_id, tenant_id, event_type, $3, clock.now, $4
    from ended, clock
    -- A copy of a delivery that was cancelled before: it is counted at the time of the first.
    on conflict (message_id, endpoint_id) do update
    set reason = excluded.reason, by_hand = excluded.by_hand
), waiting as materialized (
    select endpoint_id from lane
    where endpoint_id in (select endpoint_id from ended where lane is not null)
    order by endpoint_id
    for update
), called as (
    update lane l
    set due_at = greatest(l.waits_until, least(l.due_at, clock.now)), arrivals = l.arrivals + 1
    from waiting w, clock
    where l.endpoint_id = w.endpoint_id
)
select (select count(*) from marked), (select count(*) from ended)
