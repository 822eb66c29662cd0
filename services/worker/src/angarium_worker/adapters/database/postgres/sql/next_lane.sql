-- Microseconds until the next lane has its turn. A lane that is held counts with the end of its
-- lease: otherwise nobody would look again after the lane of a worker that died.
select least(
    (select min(due_at) from lane where held_until is null),
    (select min(greatest(due_at, held_until)) from lane where held_until is not null))
    - (extract(epoch from statement_timestamp()) * 1000000)::bigint
