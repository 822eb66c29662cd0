-- End pending deliveries of message $1, of endpoint $2, or of both; at most $5. $3: why; $4: by
-- hand; $6: the length of a lease. One that may be held is marked; one that is marked already is
-- left alone until nobody can hold it. Their lanes are called: the head may be gone.
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
    update pending_delivery p set cancelled = $3, by_hand = $4
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
    on conflict (message_id, endpoint_id) do update
    set reason = excluded.reason, cancelled_at = excluded.cancelled_at,
        by_hand = excluded.by_hand
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
