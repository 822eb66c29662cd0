-- Make the deliveries of endpoint $1 due now that are due later than $2 microseconds from now.
update pending_delivery
set due_at = (extract(epoch from statement_timestamp()) * 1000000)::bigint
where endpoint_id = $1
    and due_at > (extract(epoch from statement_timestamp()) * 1000000)::bigint + $2::bigint
