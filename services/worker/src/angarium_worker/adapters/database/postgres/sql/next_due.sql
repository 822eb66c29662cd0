-- Microseconds until the next delivery that stands in no lane is due; negative: it is overdue.
select min(due_at) - (extract(epoch from statement_timestamp()) * 1000000)::bigint
from pending_delivery
where lane is null
