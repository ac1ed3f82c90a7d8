-- One change of the apps or their keys, and the version that makes every replica read them again.
-- KEYS[1] apps  KEYS[2] app-keys  KEYS[3] apps:version
-- ARGV[1] what: create-app | replace-app | delete-app | add-key | remove-key
-- ARGV[2] app id (apps) or SHA-256 of the key (keys)  ARGV[3] JSON of the app or key  ARGV[4] app of an added key
-- Returns 1 where it changed something, 0 where the thing to create exists or the thing to change does not.
local what, name, json = ARGV[1], ARGV[2], ARGV[3]
local changed = 0
if what == 'create-app' then
  changed = redis.call('HSETNX', KEYS[1], name, json)
elseif what == 'replace-app' then
  if redis.call('HEXISTS', KEYS[1], name) == 1 then
    redis.call('HSET', KEYS[1], name, json)
    changed = 1
  end
elseif what == 'delete-app' then
  changed = redis.call('HDEL', KEYS[1], name)
  local all = redis.call('HGETALL', KEYS[2])
  for index = 1, #all, 2 do
    if cjson.decode(all[index + 1]).app == name then redis.call('HDEL', KEYS[2], all[index]) end
  end
elseif what == 'add-key' then
  if redis.call('HEXISTS', KEYS[1], ARGV[4]) == 1 then changed = redis.call('HSETNX', KEYS[2], name, json) end
elseif what == 'remove-key' then
  changed = redis.call('HDEL', KEYS[2], name)
end
if changed == 1 then redis.call('INCR', KEYS[3]) end
return changed
