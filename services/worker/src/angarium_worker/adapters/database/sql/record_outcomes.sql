-- A group of outcomes, whole. $1-$16: attempts; $17: whether the attempt stands under a lease;
-- $18-$22: outcomes of leased deliveries; $23-$32: new pending deliveries.
-- Gives the leased deliveries whose fence held. A row that is moved on gets another fence, so
-- that the same statement sent twice does nothing the second time.
with clock as (
    select (extract(epoch from statement_timestamp()) * 1000000)::bigint as now
), leased as (
    select * from unnest($18::bytea[], $19::bytea[], $20::bigint[], $21::bigint[], $22::int[])
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
        trigger, response_status, response, duration_ms, failure, ended_at, next_attempt_at)
    select id, message_id, endpoint_id, application_id, tenant_id, event_type, url, number,
        status, trigger, response_status, response, duration_ms, failure, ended_at,
        clock.now + retry_in
    from clock, unnest(
        $1::bytea[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[], $6::text[], $7::text[],
        $8::int[], $9::smallint[], $10::smallint[], $11::smallint[], $12::bytea[], $13::int[],
        $14::text[], $15::bigint[], $16::bigint[], $17::boolean[])
        as a (id, message_id, endpoint_id, application_id, tenant_id, event_type, url, number,
            status, trigger, response_status, response, duration_ms, failure, ended_at, retry_in,
            under_lease)
    where not under_lease or (message_id, endpoint_id) in (select * from held)
    on conflict do nothing
), added as (
    insert into pending_delivery (
        message_id, endpoint_id, application_id, tenant_id, event_type, payload,
        endpoint_version, attempts_made, fence, due_at)
    select message_id, endpoint_id, application_id, tenant_id, event_type, payload,
        endpoint_version, attempts_made, fence, clock.now + due_in
    from clock, unnest(
        $23::bytea[], $24::bytea[], $25::bytea[], $26::bytea[], $27::text[], $28::bytea[],
        $29::bigint[], $30::int[], $31::bigint[], $32::bigint[])
        as p (message_id, endpoint_id, application_id, tenant_id, event_type, payload,
            endpoint_version, attempts_made, fence, due_in)
    on conflict do nothing
)
select message_id, endpoint_id from held
