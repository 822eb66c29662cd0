-- A group of outcomes, whole. $1-$18: attempts; $19: whether the attempt stands under a lease;
-- $20-$24: outcomes of leased deliveries; $25-$36: new pending deliveries; $37-$42: cancelled
-- deliveries; $43: whether that stands under a lease.
-- Gives the leased deliveries whose fence held. A row that is moved on gets another fence, so
-- that the same statement sent twice does nothing the second time.
with clock as (
    select (extract(epoch from statement_timestamp()) * 1000000)::bigint as now
), leased as (
    select * from unnest($20::bytea[], $21::bytea[], $22::bigint[], $23::bigint[], $24::int[])
        as l (message_id, endpoint_id, fence, due_in, attempts_made)
), ended as (
    delete from pending_delivery p using leased l
    where p.message_id = l.message_id and p.endpoint_id = l.endpoint_id and p.fence = l.fence
        and l.due_in is null
    returning p.message_id, p.endpoint_id
), moved as (
    update pending_delivery p
    set due_at = clock.now + l.due_in, attempts_made = l.attempts_made, fence = p.fence + 1
    from leased l, clock
    where p.message_id = l.message_id and p.endpoint_id = l.endpoint_id and p.fence = l.fence
        and l.due_in is not null
    returning p.message_id, p.endpoint_id
), held as (
    select message_id, endpoint_id from ended
    union all
    select message_id, endpoint_id from moved
), appended as (
    insert into attempt (
        id, message_id, endpoint_id, application_id, tenant_id, event_type, url, number, status,
        trigger, response_status, response, duration_ms, failure, channels, timings, ended_at,
        next_attempt_at)
    select id, message_id, endpoint_id, application_id, tenant_id, event_type, url, number,
        status, trigger, response_status, response, duration_ms, failure, channels, timings,
        ended_at, clock.now + retry_in
    from clock, unnest(
        $1::bytea[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[], $6::text[], $7::text[],
        $8::int[], $9::smallint[], $10::smallint[], $11::smallint[], $12::bytea[], $13::int[],
        $14::text[], $15::text[], $16::bytea[], $17::bigint[], $18::bigint[], $19::boolean[])
        as a (id, message_id, endpoint_id, application_id, tenant_id, event_type, url, number,
            status, trigger, response_status, response, duration_ms, failure, channels, timings,
            ended_at, retry_in, under_lease)
    where not under_lease or (message_id, endpoint_id) in (select * from held)
    on conflict do nothing
), added as (
    insert into pending_delivery (
        message_id, endpoint_id, application_id, tenant_id, event_type, payload,
        endpoint_version, attempts_made, channels, trace, fence, due_at)
    select message_id, endpoint_id, application_id, tenant_id, event_type, payload,
        endpoint_version, attempts_made, channels, trace, fence, clock.now + due_in
    from clock, unnest(
        $25::bytea[], $26::bytea[], $27::bytea[], $28::bytea[], $29::text[], $30::bytea[],
        $31::bigint[], $32::int[], $33::text[], $34::text[], $35::bigint[], $36::bigint[])
        as p (message_id, endpoint_id, application_id, tenant_id, event_type, payload,
            endpoint_version, attempts_made, channels, trace, fence, due_in)
    on conflict do nothing
), cancelled as (
    insert into cancelled_delivery (
        message_id, endpoint_id, application_id, tenant_id, event_type, reason, cancelled_at)
    select message_id, endpoint_id, application_id, tenant_id, event_type, reason, clock.now
    from clock, unnest(
        $37::bytea[], $38::bytea[], $39::bytea[], $40::bytea[], $41::text[], $42::text[],
        $43::boolean[])
        as c (message_id, endpoint_id, application_id, tenant_id, event_type, reason,
            under_lease)
    where not under_lease or (message_id, endpoint_id) in (select * from held)
    on conflict do nothing
)
select message_id, endpoint_id from held
