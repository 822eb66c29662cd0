-- The same as Postgres's mend_lanes.sql: open the lanes that are missing.
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
select w.endpoint_id,
    (select p.application_id from pending_delivery p
    where p.endpoint_id = w.endpoint_id and p.lane is not null limit 1),
    (select p.tenant_id from pending_delivery p
    where p.endpoint_id = w.endpoint_id and p.lane is not null limit 1),
    (select p.weight from pending_delivery p
    where p.endpoint_id = w.endpoint_id and p.lane is not null limit 1),
    :now, 0, :now, 1, 0, :confirmed, :state
from walk w
where w.endpoint_id is not null
    and not exists (select 1 from lane l where l.endpoint_id = w.endpoint_id)
on conflict do nothing
returning endpoint_id
