-- Advance the poll clocks of endpoints by $3 ticks, and lock them until the transaction ends. $1:
-- endpoints; $2: the first tick that each may be given. Returns the last tick that each was given.
--
-- Rows are locked in the order of endpoints, and before any other row of the transaction, so that
-- two of these transactions never deadlock. A transaction that waits for another's lock continues
-- from the tick which the other committed: ticks are in the order of commits.
insert into poll_clock as c (endpoint_id, tick)
select endpoint_id, first + $3 - 1
from unnest($1::bytea[], $2::bigint[]) as n (endpoint_id, first)
order by endpoint_id
on conflict (endpoint_id) do update
set tick = greatest(c.tick + $3, excluded.tick)
returning endpoint_id, tick
