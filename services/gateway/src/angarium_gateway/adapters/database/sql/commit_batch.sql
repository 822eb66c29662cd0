-- One group commit, one statement, one transaction: keys, event ids, messages, batch.
-- $1-$13 are arrays with an element a message, or empty ones in place of only nulls; $14-$17
-- describe the batch; $18 is now and $19 the time before which an idempotency key has expired
-- (microseconds of Unix time).
with input as (
    select *
    from unnest(
        $1::bytea[], $2::bytea[], $3::bytea[], $4::text[], $5::text[], $6::text[],
        $7::text[], $8::text[], $9::bytea[], $10::bytea[], $11::bytea[], $12::text[],
        $13::bigint[]
    ) with ordinality as message (
        id, application_id, tenant_id, event_type, event_id, channels,
        tags, trace, payload, key_digest, request_digest, content_type,
        payload_expires_at, ordinal
    )
),
claimed_key as (
    insert into idempotency_key
        (key_digest, request_digest, created_at, application_id, message_id)
    select distinct on (key_digest) key_digest, request_digest, $18::bigint, application_id, id
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
        where idempotency_key.created_at < $19::bigint
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
    select $14::bytea, $15::text, $16::smallint, 1, $17::boolean, size_bytes, refs
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
