-- commit_batch.sql for messages without idempotency key, event id and expiry of the payload, which
-- most are: there is nothing to claim, so all of them are stored. One statement, one transaction.
-- $1-$9 are arrays with an element a message, or empty ones in place of only nulls; $10-$15
-- describe the batch; $16 has the applications, of which the known ones are returned.
with stored as (
    insert into message
        (id, application_id, tenant_id, event_type, channels, tags, trace, payload, content_type)
    select id, application_id, tenant_id, event_type, channels, tags, trace, payload, content_type
    from unnest(
        $1::bytea[], $2::bytea[], $3::bytea[], $4::text[], $5::text[], $6::text[],
        $7::text[], $8::bytea[], $9::text[]
    ) as message (
        id, application_id, tenant_id, event_type, channels, tags,
        trace, payload, content_type
    )
),
opened as (
    insert into batch (id, owner, stream_number, publication, published, bytes, message_refs)
    values (
        $10::bytea, $11::text, $12::smallint, 1, $13::boolean, $14::integer, $15::bytea
    )
)
select id, version from application_copy where id = any($16::bytea[])
