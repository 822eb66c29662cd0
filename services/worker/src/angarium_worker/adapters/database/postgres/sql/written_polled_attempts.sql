-- Those of the attempts that are in the ledger already, by message ($1) and the last 8 bytes of
-- their id ($2). $3: no attempt of these messages has a lower id.
select a.message_id, substring(a.id from 9 for 8) as tail
from unnest($1::bytea[], $2::bytea[]) as n (message_id, tail)
join attempt a on a.message_id = n.message_id and substring(a.id from 9 for 8) = n.tail
where a.id >= $3
