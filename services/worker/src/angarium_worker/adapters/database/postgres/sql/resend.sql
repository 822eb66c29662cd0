-- Make deliveries pending again. $1-$13: deliveries; $14: leave out those that were attempted, are
-- pending, or were cancelled by a person; $15: the length of a lease; $16: no attempt of these
-- messages has a lower id. Returns how many are pending now.
--
-- A row that is held (its fence is odd, and it is due within one lease) keeps its due_at: made due
-- now, a second worker would send it while the first still does. It is marked, and due again once
-- its holder settles it: the attempt under way may have reached the receiver before the command.
-- Rows and lanes are written in the order of their keys, so that two of these never deadlock.
-- A new row's fence begins at the clock, so that no fence of an earlier row of this delivery comes
-- again and lets a worker record against it that was stopped all the while; it is even, because
-- nobody holds the row (an odd fence means that it is leased).
with clock as (
    select (extract(epoch from statement_timestamp()) * 1000000)::bigint as now
), wanted as materialized (
    select distinct on (g.message_id, g.endpoint_id) g.*
    from unnest(
        $1::bytea[], $2::bytea[], $3::bytea[], $4::bytea[], $5::text[], $6::bytea[],
        $7::bigint[], $8::text[], $9::text[], $10::text[], $11::int[], $12::smallint[],
        $13::text[])
        as g (message_id, endpoint_id, application_id, tenant_id, event_type, payload,
            endpoint_version, channels, trace, retry_delays, weight, lane, content_type)
    where not $14::boolean or not (
        exists (
            select 1 from attempt a
            where a.message_id = g.message_id and a.endpoint_id = g.endpoint_id
                and a.id >= $16::bytea)
        or exists (
            select 1 from pending_delivery p
            where p.message_id = g.message_id and p.endpoint_id = g.endpoint_id)
        or exists (
            select 1 from cancelled_delivery c
            where c.message_id = g.message_id and c.endpoint_id = g.endpoint_id and c.by_hand))
    order by g.message_id, g.endpoint_id
), forgotten as (
    delete from cancelled_delivery c using wanted w
    where c.message_id = w.message_id and c.endpoint_id = w.endpoint_id
), pending as (
    insert into pending_delivery as p (
        message_id, endpoint_id, application_id, tenant_id, event_type, payload,
        endpoint_version, attempts_made, channels, trace, trigger, retry_delays, weight, lane,
        content_type, fence, due_at)
    select message_id, endpoint_id, application_id, tenant_id, event_type, payload,
        endpoint_version, 0, channels, trace, 1, retry_delays, weight, lane,
        content_type, clock.now & ~1::bigint, clock.now
    from wanted, clock
    order by message_id, endpoint_id
    on conflict (message_id, endpoint_id) do update
    set cancelled = null, by_hand = false,
        -- Of a cancelled delivery the payload may have been deleted.
        payload = case when p.cancelled is null then p.payload else excluded.payload end,
        content_type =
            case when p.cancelled is null then p.content_type else excluded.content_type end,
        resent_while_held = p.fence % 2 = 1
            and p.due_at > excluded.due_at and p.due_at <= excluded.due_at + $15::bigint,
        due_at = case
            when p.fence % 2 = 1
                and p.due_at > excluded.due_at and p.due_at <= excluded.due_at + $15::bigint
            then p.due_at else excluded.due_at end
    returning p.endpoint_id, p.application_id, p.tenant_id, p.weight, p.lane, p.due_at
), called as (
    insert into lane as l (
        endpoint_id, application_id, tenant_id, weight, due_at, waits_until, fence, arrivals,
        burst_at, confirmed, state)
    select endpoint_id, (array_agg(application_id))[1], (array_agg(tenant_id))[1], max(weight),
        min(due_at), 0, min(clock.now), 1, 0,
        '\x00000000000000000000000000000000'::bytea, 'waiting'
    from pending, clock
    where lane is not null
    group by endpoint_id
    order by endpoint_id
    on conflict (endpoint_id) do update
    set due_at = greatest(l.waits_until, least(l.due_at, excluded.due_at)),
        arrivals = l.arrivals + 1, weight = excluded.weight
)
select count(*) from pending
