-- One change by the admin API and its entry in the audit, or neither: it is decided on what was read behind `head`, so
-- it stands only while no other change has come between.
-- KEYS[1] audit  KEYS[2] audit:head  then one key a write
-- ARGV[1] head it was decided on ('' where there was none)  ARGV[2] its own head  ARGV[3] JSON of its entry
-- then four values a write: kind, field or member, before, after
--   hash: sets the field, or deletes it where after is ''  set: adds the member, or removes it where after is ''
--   gone: deletes the key, whoever wrote it; its after is ''
--   string: sets the key, or deletes it where after is '', if it still is what it was before: others write it too
-- Returns 1 where all of it was written.
local WRITE = 4

if (redis.call('GET', KEYS[2]) or '') ~= ARGV[1] then return 0 end
for index = 3, #KEYS do
  local at = 3 + (index - 3) * WRITE
  if ARGV[at + 1] == 'string' and (redis.call('GET', KEYS[index]) or '') ~= ARGV[at + 3] then return 0 end
end

for index = 3, #KEYS do
  local at = 3 + (index - 3) * WRITE
  local kind, field, after = ARGV[at + 1], ARGV[at + 2], ARGV[at + 4]
  local gone = after == ''
  if kind == 'hash' then
    if gone then redis.call('HDEL', KEYS[index], field) else redis.call('HSET', KEYS[index], field, after) end
  elseif kind == 'set' then
    redis.call(gone and 'SREM' or 'SADD', KEYS[index], field)
  elseif gone then
    redis.call('DEL', KEYS[index])
  else
    redis.call('SET', KEYS[index], after)
  end
end
redis.call('RPUSH', KEYS[1], ARGV[3])
redis.call('SET', KEYS[2], ARGV[2])
return 1
