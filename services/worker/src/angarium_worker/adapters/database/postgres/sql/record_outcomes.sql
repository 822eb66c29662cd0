-- Record a group of outcomes in one statement. $1-$19: attempts; $20: whether the attempt was made
-- under a lease; $21-$26: outcomes of leased deliveries; $27-$43: new pending deliveries; $44-$49:
-- cancelled deliveries; $50: whether that was under a lease; $51-$59: events; $60, $61: the leased
-- delivery that the event belongs to, or null. Returns the leased deliveries whose fence held.
--
-- The fence. A lease may end while its holder is stopped or slow; then another worker leases the
-- delivery, counts up its fence, and may have ended it. An outcome counts only where the row still
-- has the fence that its holder leased it under ("held"); its attempt, cancellation and event are
-- written under the same condition. Without the comparison one delivery would get two outcomes: it
-- could be delivered, and then retried or reported as exhausted.
--
-- Sent twice. When a commit is not confirmed, the recorder sends the statement again, possibly much
-- later. A row that was moved on has another fence by then; one that is to be added is left out
-- where its delivery has gone on or succeeded ("added"); attempts conflict on their id.
--
-- Resent while held. The row does not end then: it begins anew, due now, as one that was resent after
-- it ended. Had it ended, what its owner was told is under way would never have been sent.
--
-- Lanes. Every endpoint that got a row in its lane has the lane opened, or given an earlier turn,
-- in the same commit: a row in a lane without a turn would wait for mend_lanes. They are written
-- in the order of endpoints, so that two of these statements never deadlock. A new lane's fence
-- begins at the clock: one that began at 0 could repeat the fence of a lane of this endpoint that
-- ended before, and a worker that was stopped all the while would seem to hold it.
with clock as (
    select (extract(epoch from statement_timestamp()) * 1000000)::bigint as now
), leased as (
    select * from unnest(
        $21::bytea[], $22::bytea[], $23::bigint[], $24::bigint[], $25::int[], $26::smallint[])
        as l (message_id, endpoint_id, fence, due_in, attempts_made, lane)
), ended as (
    delete from pending_delivery p using leased l
    where p.message_id = l.message_id and p.endpoint_id = l.endpoint_id and p.fence = l.fence
        and l.due_in is null and not p.resent_while_held
    returning p.message_id, p.endpoint_id, p.by_hand
), moved as (
    update pending_delivery p
    set due_at = clock.now
            + case when p.cancelled is null and not p.resent_while_held then l.due_in else 0 end,
        attempts_made = case when l.due_in is null then 0 else l.attempts_made end,
        trigger = case when l.due_in is null then 1 else p.trigger end,
        lane = case when l.due_in is null then p.lane else l.lane end,
        resent_while_held = false, fence = p.fence + 1
    from leased l, clock
    where p.message_id = l.message_id and p.endpoint_id = l.endpoint_id and p.fence = l.fence
        and (l.due_in is not null or p.resent_while_held)
    returning p.message_id, p.endpoint_id, p.application_id, p.tenant_id, p.weight, p.lane,
        p.due_at
), held as (
    select message_id, endpoint_id from ended
    union all
    select message_id, endpoint_id from moved
), appended as (
    insert into attempt (
        id, message_id, endpoint_id, application_id, tenant_id, event_type, url, number, status,
        trigger, response_status, response, duration_ms, failure, channels, timings, exchange,
        ended_at, next_attempt_at)
    select id, message_id, endpoint_id, application_id, tenant_id, event_type, url, number,
        status, trigger, response_status, response, duration_ms, failure, channels, timings,
        exchange, ended_at, clock.now + retry_in
    from clock, unnest(
        $1::bytea[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[], $6::text[], $7::text[],
        $8::int[], $9::smallint[], $10::smallint[], $11::smallint[], $12::bytea[], $13::int[],
        $14::text[], $15::text[], $16::bytea[], $17::bytea[], $18::bigint[], $19::bigint[],
        $20::boolean[])
        as a (id, message_id, endpoint_id, application_id, tenant_id, event_type, url, number,
            status, trigger, response_status, response, duration_ms, failure, channels, timings,
            exchange, ended_at, retry_in, under_lease)
    where not under_lease or (message_id, endpoint_id) in (select * from held)
    on conflict do nothing
), added as (
    insert into pending_delivery (
        message_id, endpoint_id, application_id, tenant_id, event_type, payload,
        endpoint_version, attempts_made, channels, trace, trigger, retry_delays, weight, lane,
        content_type, fence, due_at)
    select message_id, endpoint_id, application_id, tenant_id, event_type, payload,
        endpoint_version, attempts_made, channels, trace, trigger, retry_delays, weight, lane,
        content_type, fence, clock.now + due_in
    from clock, unnest(
        $27::bytea[], $28::bytea[], $29::bytea[], $30::bytea[], $31::text[], $32::bytea[],
        $33::bigint[], $34::int[], $35::text[], $36::text[], $37::smallint[], $38::text[],
        $39::int[], $40::smallint[], $41::text[], $42::bigint[], $43::bigint[])
        as p (message_id, endpoint_id, application_id, tenant_id, event_type, payload,
            endpoint_version, attempts_made, channels, trace, trigger, retry_delays, weight,
            lane, content_type, fence, due_in)
    where not exists (
        select 1 from attempt a
        where a.message_id = p.message_id and a.endpoint_id = p.endpoint_id
            and (a.number > p.attempts_made or a.status = 0))
    on conflict do nothing
    returning endpoint_id, application_id, tenant_id, weight, lane, due_at
), arrived as (
    select endpoint_id, application_id, tenant_id, weight, due_at from added
    where lane is not null
    union all
    select endpoint_id, application_id, tenant_id, weight, due_at from moved
    where lane is not null
), called as (
    insert into lane as l (
        endpoint_id, application_id, tenant_id, weight, due_at, waits_until, fence, arrivals,
        burst_at, confirmed, state)
    select endpoint_id, (array_agg(application_id))[1], (array_agg(tenant_id))[1], max(weight),
        min(due_at), 0, min(clock.now), 1, 0,
        '\x00000000000000000000000000000000'::bytea, 'waiting'
    from arrived, clock
    group by endpoint_id
    order by endpoint_id
    on conflict (endpoint_id) do update
    set due_at = greatest(l.waits_until, least(l.due_at, excluded.due_at)),
        arrivals = l.arrivals + 1, weight = excluded.weight
), cancelled as (
    insert into cancelled_delivery (
        message_id, endpoint_id, application_id, tenant_id, event_type, reason, cancelled_at,
        by_hand)
    select c.message_id, c.endpoint_id, application_id, tenant_id, event_type, reason, clock.now,
        coalesce(ended.by_hand, false)
    from clock, unnest(
        $44::bytea[], $45::bytea[], $46::bytea[], $47::bytea[], $48::text[], $49::text[],
        $50::boolean[])
        as c (message_id, endpoint_id, application_id, tenant_id, event_type, reason,
            under_lease)
    left join ended using (message_id, endpoint_id)
    where not under_lease or ended.message_id is not null
    on conflict do nothing
), told as (
    insert into operational_event (
        id, type, tenant_id, application_id, endpoint_id, message_id, attempt_id,
        response_status, attempted_at)
    select id, type, tenant_id, application_id, endpoint_id, message_id, attempt_id,
        response_status, attempted_at
    from unnest(
        $51::bytea[], $52::text[], $53::bytea[], $54::bytea[], $55::bytea[], $56::bytea[],
        $57::bytea[], $58::smallint[], $59::bigint[], $60::bytea[], $61::bytea[])
        as e (id, type, tenant_id, application_id, endpoint_id, message_id, attempt_id,
            response_status, attempted_at, held_message, held_endpoint)
    where held_message is null or (held_message, held_endpoint) in (select * from held)
    on conflict do nothing
)
select message_id, endpoint_id from held
