-- commit_batch.sql for messages without idempotency key, event id and expiry of the payload, which
-- most are: there is nothing to claim, so all of them are stored. One statement, one transaction.
-- $1-$7 are as there; $8-$11 have an element a message, or none in place of only nulls; $12-$17
-- describe the batch; $18 has the applications, of which the known ones are returned.
with stored as (
    insert into message
        (id, application_id, tenant_id, event_type, channels, tags, trace, payload, content_type)
    select
        substring($1::bytea from ordinal::integer * 16 - 15 for 16),
        substring($2::bytea from ordinal::integer * 16 - 15 for 16),
        substring($3::bytea from ordinal::integer * 16 - 15 for 16),
        coalesce(event_type, ($7::text[])[1]),
        channels, tags, trace,
        substring($4::bytea from payload_start for payload_bytes),
        content_type
    from rows from (
        unnest($5::text::integer[]), unnest($6::text::integer[]), unnest($7::text[]),
        unnest($8::text[]), unnest($9::text[]), unnest($10::text[]), unnest($11::text[])
    ) with ordinality as message (
        payload_start, payload_bytes, event_type, channels, tags, trace, content_type, ordinal
    )
),
opened as (
    insert into batch (id, owner, stream_number, publication, published, bytes, message_refs)
    values (
        $12::bytea, $13::text, $14::smallint, 1, $15::boolean, $16::integer, $17::bytea
    )
)
select id, version from application_copy where id = any($18::bytea[])
