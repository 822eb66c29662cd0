-- Append attempts whose deliveries all ended at the first attempt. $1-$19: columns of attempt.
-- "on conflict do nothing": a commit whose confirmation was lost is sent again, and must not fail
-- on the rows that it wrote the first time.
insert into attempt (
    id, message_id, endpoint_id, application_id, tenant_id, event_type, url, number, status,
    trigger, response_status, response, duration_ms, failure, channels, timings, exchange,
    ended_at, next_attempt_at)
select id, message_id, endpoint_id, application_id, tenant_id, event_type, url, number, status,
    trigger, response_status, response, duration_ms, failure, channels, timings, exchange,
    ended_at, (extract(epoch from statement_timestamp()) * 1000000)::bigint + retry_in
from unnest(
    $1::bytea[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[], $6::text[], $7::text[],
    $8::int[], $9::smallint[], $10::smallint[], $11::smallint[], $12::bytea[], $13::int[],
    $14::text[], $15::text[], $16::bytea[], $17::bytea[], $18::bigint[], $19::bigint[])
    as a (id, message_id, endpoint_id, application_id, tenant_id, event_type, url, number,
        status, trigger, response_status, response, duration_ms, failure, channels, timings,
        exchange, ended_at, retry_in)
on conflict do nothing
