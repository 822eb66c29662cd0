-- Those of the deliveries ($1: message ids, $2: endpoint ids) that have an attempt, are pending or
-- were cancelled. $3: no attempt of these messages has a lower id, so partitions of older attempts
-- are not read.
-- A worker asks before it sends what may have been sent already, such as a chunk that was
-- published again: sending without asking would deliver twice.
select w.message_id, w.endpoint_id
from unnest($1::bytea[], $2::bytea[]) as w (message_id, endpoint_id)
where exists (
        select 1 from attempt a
        where a.message_id = w.message_id and a.endpoint_id = w.endpoint_id
            and a.id >= $3::bytea)
    or exists (
        select 1 from pending_delivery p
        where p.message_id = w.message_id and p.endpoint_id = w.endpoint_id)
    or exists (
        select 1 from cancelled_delivery c
        where c.message_id = w.message_id and c.endpoint_id = w.endpoint_id)
