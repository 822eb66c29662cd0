-- Open a lane for every endpoint that has deliveries in a lane but no row in "lane". Without that
-- row nothing would ever send them. It is a safety net: other statements open lanes with the rows
-- that come into them, so a result is a sign of a fault and is logged as an error.
-- The recursive walk steps from endpoint to endpoint along the index pending_delivery_by_lane, and
-- so reads one entry for each endpoint, not every delivery.
with recursive walk (endpoint_id) as (
    select (
        select endpoint_id from pending_delivery
        where lane is not null
        order by endpoint_id limit 1)
    union all
    select (
        select p.endpoint_id from pending_delivery p
        where p.lane is not null and p.endpoint_id > w.endpoint_id
        order by p.endpoint_id limit 1)
    from walk w
    where w.endpoint_id is not null
)
insert into lane (
    endpoint_id, application_id, tenant_id, weight, due_at, waits_until, fence, arrivals,
    burst_at, confirmed, state)
select w.endpoint_id, d.application_id, d.tenant_id, d.weight,
    (extract(epoch from statement_timestamp()) * 1000000)::bigint, 0,
    (extract(epoch from statement_timestamp()) * 1000000)::bigint, 1, 0,
    '\x00000000000000000000000000000000'::bytea, 'waiting'
from walk w cross join lateral (
    select p.application_id, p.tenant_id, p.weight
    from pending_delivery p
    where p.endpoint_id = w.endpoint_id and p.lane is not null
    limit 1) d
where not exists (select 1 from lane l where l.endpoint_id = w.endpoint_id)
order by w.endpoint_id
on conflict do nothing
returning endpoint_id
