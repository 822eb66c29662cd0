-- Messages with a time of their own, one statement, one transaction: keys, event ids, messages,
-- schedule. As commit_batch.sql, with a schedule in place of the batch: $16 are the times. $17 is
-- now and $18 the time before which an idempotency key has expired (microseconds of Unix time).
with input as (
    select
        substring($1::bytea from ordinal::integer * 16 - 15 for 16) as id,
        substring($2::bytea from ordinal::integer * 16 - 15 for 16) as application_id,
        substring($3::bytea from ordinal::integer * 16 - 15 for 16) as tenant_id,
        substring($4::bytea from payload_start for payload_bytes) as payload,
        coalesce(event_type, ($7::text[])[1]) as event_type,
        event_id, channels, tags, trace, key_digest, request_digest, content_type,
        payload_expires_at, deliver_at, ordinal
    from rows from (
        unnest($5::text::integer[]), unnest($6::text::integer[]), unnest($7::text[]),
        unnest($8::text[]), unnest($9::text[]), unnest($10::text[]), unnest($11::text[]),
        unnest($12::bytea[]), unnest($13::bytea[]), unnest($14::text[]), unnest($15::bigint[]),
        unnest($16::bigint[])
    ) with ordinality as message (
        payload_start, payload_bytes, event_type,
        event_id, channels, tags, trace,
        key_digest, request_digest, content_type, payload_expires_at,
        deliver_at, ordinal
    )
),
claimed_key as (
    insert into idempotency_key
        (key_digest, request_digest, created_at, application_id, message_id)
    select distinct on (key_digest) key_digest, request_digest, $17::bigint, application_id, id
    from input
    where key_digest is not null
    order by key_digest, ordinal
    on conflict (key_digest) do update
        set request_digest = excluded.request_digest,
            created_at = excluded.created_at,
            application_id = excluded.application_id,
            message_id = excluded.message_id,
            status = null,
            answer = null
        where idempotency_key.created_at < $18::bigint
    returning message_id
),
keyed as (
    select * from input
    where key_digest is null or id in (select message_id from claimed_key)
),
claimed_event as (
    insert into event_claim (application_id, event_id, message_id)
    select distinct on (application_id, event_id) application_id, event_id, id
    from keyed
    where event_id is not null
    order by application_id, event_id, ordinal
    on conflict (application_id, event_id) do update
        set message_id = event_claim.message_id
        where false
    returning message_id
),
fresh as (
    select * from keyed
    where event_id is null or id in (select message_id from claimed_event)
),
stored as (
    insert into message
        (application_id, id, tenant_id, event_type, event_id, channels, tags, trace, payload,
         content_type, deliver_at)
    select application_id, id, tenant_id, event_type, event_id, channels, tags, trace, payload,
        content_type, deliver_at
    from fresh
),
expiring as (
    insert into payload_expiry (message_id, application_id, expires_at)
    select id, application_id, payload_expires_at
    from fresh
    where payload_expires_at is not null
),
scheduled as (
    insert into scheduled_message (message_id, application_id, deliver_at, bytes)
    select id, application_id, deliver_at, length(payload) + 200
    from fresh
)
select
    case
        when fresh.id is not null then 0
        when keyed.id is null then 1
        else 2
    end as outcome,
    coalesce(application_copy.version, 0) as application_version
from input
left join keyed on keyed.id = input.id
left join fresh on fresh.id = input.id
left join application_copy on application_copy.id = input.application_id
order by input.ordinal
