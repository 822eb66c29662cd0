-- Microseconds until the next delivery is due.
select min(due_at) - (extract(epoch from statement_timestamp()) * 1000000)::bigint
from pending_delivery
