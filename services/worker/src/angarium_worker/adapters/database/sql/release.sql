-- Make deliveries due now that are held under these fences. The fence moves on.
update pending_delivery p
set due_at = (extract(epoch from statement_timestamp()) * 1000000)::bigint, fence = p.fence + 1
from unnest($1::bytea[], $2::bytea[], $3::bigint[]) as l (message_id, endpoint_id, fence)
where p.message_id = l.message_id and p.endpoint_id = l.endpoint_id and p.fence = l.fence
