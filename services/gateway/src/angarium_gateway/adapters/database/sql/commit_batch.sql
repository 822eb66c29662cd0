-- One group commit, one statement, one transaction: keys, event ids, messages, batch.
-- $1-$3 are the ids of messages, applications and tenants, and $4 is all payloads, each as one
-- value: the driver takes half a microsecond to encode an element of an array. $5 and $6 are where
-- the payloads begin, from 1, and their lengths. $7 has an element a message, or one for all; $8-$15
-- have one a message, or none in place of only nulls. $16-$19 describe the batch; $20 is now and
-- $21 the time before which an idempotency key has expired (microseconds of Unix time).
with input as (
    select
        substring($1::bytea from ordinal::integer * 16 - 15 for 16) as id,
        substring($2::bytea from ordinal::integer * 16 - 15 for 16) as application_id,
        substring($3::bytea from ordinal::integer * 16 - 15 for 16) as tenant_id,
        substring($4::bytea from payload_start for payload_bytes) as payload,
        coalesce(event_type, ($7::text[])[1]) as event_type,
        event_id, channels, tags, trace, key_digest, request_digest, content_type,
        payload_expires_at, ordinal
    from rows from (
        unnest($5::text::integer[]), unnest($6::text::integer[]), unnest($7::text[]),
        unnest($8::text[]), unnest($9::text[]), unnest($10::text[]), unnest($11::text[]),
        unnest($12::bytea[]), unnest($13::bytea[]), unnest($14::text[]), unnest($15::bigint[])
    ) with ordinality as message (
        payload_start, payload_bytes, event_type,
        event_id, channels, tags, trace,
        key_digest, request_digest, content_type, payload_expires_at, ordinal
    )
),
claimed_key as (
    insert into idempotency_key
        (key_digest, request_digest, created_at, application_id, message_id)
    select distinct on (key_digest) key_digest, request_digest, $20::bigint, application_id, id
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
        where idempotency_key.created_at < $21::bigint
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
    -- Changes nothing, but locks the claim, as a conflict of keys does: with synchronous standbys,
    -- this commit then waits until they have the earlier claim too.
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
         content_type)
    select application_id, id, tenant_id, event_type, event_id, channels, tags, trace, payload,
        content_type
    from fresh
),
expiring as (
    insert into payload_expiry (message_id, application_id, expires_at)
    select id, application_id, payload_expires_at
    from fresh
    where payload_expires_at is not null
),
opened as (
    insert into batch (id, owner, stream_number, publication, published, bytes, message_refs)
    select $16::bytea, $17::text, $18::smallint, 1, $19::boolean, size_bytes, refs
    from (
        select
            sum(length(payload) + 200) as size_bytes,
            string_agg(application_id || id, ''::bytea order by ordinal) as refs
        from fresh
    ) as summary
    where refs is not null
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
