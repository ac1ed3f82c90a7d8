-- Applies one usage batch: ledger rows, session records, watermark and acknowledgement in one step, so that a batch
-- counts once however often it is delivered and wherever a process dies.
-- KEYS[1] usage:<node>  KEYS[2] applied:<node>  KEYS[3] sessions:open  KEYS[4] sessions:ended  KEYS[5] ledger-days
-- then five keys a usage row: session:<member>, ledger:<row name>, ledger-day:<day>, relayed:<month>:<app>, open:<app>
-- ARGV[1] stream id  ARGV[2] log  ARGV[3] sequence  ARGV[4] ttl of a closed session's record (s)  ARGV[5] of a lost one's
-- ARGV[6] sequence of the batch before it  ARGV[7] member that counts a whole app  ARGV[8] how long a month is kept (s)
-- then seventeen values a usage row: member, row name, day, app, user tag, username's expiry, provider, region, state,
-- started ms, at ms, seconds, packets in, bytes in, packets out, bytes out, and for whom bytes and open sessions are
-- counted beside: 'users' and the app, the 'app' alone, or 'nobody' (probes, of which no cap and no list of the ended
-- asks; their open sessions are counted all the same, for they are no sessions of any app)
-- Returns 'applied', 'duplicate', or 'gap' (applied, but batches of this log before it are missing); if applied, then
-- three values a usage row: bytes in and bytes out as they were booked here, and 'closed' or 'lost' where the session
-- ended with it, else ''; one that was lost does not end once more with its late total.
local FIELDS = { 'seconds', 'packetsIn', 'bytesIn', 'packetsOut', 'bytesOut' }
-- a probe ends every second or so on each node: what is over is soon of no use (s)
local PROBE_TTL = 3600
local KEYS_A_ROW, VALUES_A_ROW, VALUES_BEFORE_FIELDS = 5, 17, 11

-- what is no longer on the stream was booked by another ledger meanwhile, perhaps with batches of a newer log behind it
if redis.call('XDEL', KEYS[1], ARGV[1]) == 0 then return { 'duplicate' } end
local outcome = 'applied'
local applied = redis.call('HMGET', KEYS[2], 'log', 'sequence')
if applied[1] == ARGV[2] then
  if tonumber(ARGV[3]) <= tonumber(applied[2]) then return { 'duplicate' } end
  if tonumber(ARGV[6]) > tonumber(applied[2]) then outcome = 'gap' end
end

local changes = { outcome }
local function add (row, field, delta)
  if delta ~= 0 then redis.call('HINCRBY', row, field, string.format('%.0f', delta)) end
end

-- what the caps of an app are judged by; tag is '' where users are not counted, or one was erased meanwhile
local function count_relayed (relayed, tag, delta)
  if delta == 0 then return end
  local text = string.format('%.0f', delta)
  redis.call('ZINCRBY', relayed, text, ARGV[7])
  if tag ~= '' then redis.call('ZINCRBY', relayed, text, tag) end
  -- from its first byte on: a ttl that began anew with each would keep a month for a third one
  if redis.call('TTL', relayed) < 0 then redis.call('EXPIRE', relayed, ARGV[8]) end
end

local function count_open (open, credential, delta)
  if redis.call('HINCRBY', open, credential, delta) <= 0 then redis.call('HDEL', open, credential) end
end

for index = 0, (#KEYS - 5) / KEYS_A_ROW - 1 do
  local key, value = 5 + index * KEYS_A_ROW, 8 + index * VALUES_A_ROW
  local session, row, day, relayed, open = KEYS[key + 1], KEYS[key + 2], KEYS[key + 3], KEYS[key + 4], KEYS[key + 5]
  local member, state, at = ARGV[value + 1], ARGV[value + 9], ARGV[value + 11]
  local old = redis.call('HMGET', session, 'state', 'lostRow', 'userTag', unpack(FIELDS))
  local before, lostRow = old[1], old[2]
  local tag, booked, ended = old[3] or ARGV[value + 5], { bytesIn = 0, bytesOut = 0 }, ''

  -- coturn's own total is the last word; nothing changes a closed session
  if before ~= 'closed' then
    redis.call('SADD', day, ARGV[value + 2])
    redis.call('ZADD', KEYS[5], 0, ARGV[value + 3])
    if not before then
      add(row, 'sessions', 1)
      redis.call('HSET', session, 'app', ARGV[value + 4], 'userTag', ARGV[value + 5], 'expiresAt', ARGV[value + 6],
        'provider', ARGV[value + 7], 'region', ARGV[value + 8], 'startedAt', ARGV[value + 10], 'state', state)
    end
    for offset, field in ipairs(FIELDS) do
      local was, is = tonumber(old[offset + 3] or '0'), tonumber(ARGV[value + VALUES_BEFORE_FIELDS + offset])
      -- deltas are provisional and only grow; the total of a closed session replaces them, whichever is larger
      if is > was or (state == 'closed' and field ~= 'seconds') then
        add(row, field, is - was)
        if booked[field] then booked[field] = is - was end
        redis.call('HSET', session, field, string.format('%.0f', is))
      end
    end
    local counted = ARGV[value + 17]
    if counted ~= 'nobody' then count_relayed(relayed, counted == 'users' and tag or '', booked.bytesIn + booked.bytesOut) end
    if (before == 'open') ~= (state == 'open') then
      count_open(open, tag .. ':' .. ARGV[value + 6], state == 'open' and 1 or -1)
    end
    if before == 'lost' and state ~= 'lost' then
      add(lostRow, 'lostSessions', -1)
      redis.call('HDEL', session, 'lostRow')
    elseif before ~= 'lost' and state == 'lost' then
      add(row, 'lostSessions', 1)
      redis.call('HSET', session, 'lostRow', row)
    end
    if before ~= 'lost' and state ~= 'open' then ended = state end
    redis.call('HSET', session, 'state', state, 'at', at)
    if state == 'open' then
      redis.call('PERSIST', session)
      redis.call('ZADD', KEYS[3], at, member)
      redis.call('ZREM', KEYS[4], member)
    else
      local closedTtl = counted == 'nobody' and PROBE_TTL or ARGV[4]
      redis.call('EXPIRE', session, state == 'closed' and closedTtl or ARGV[5])
      redis.call('ZREM', KEYS[3], member)
      if counted ~= 'nobody' then redis.call('ZADD', KEYS[4], at, member) end
    end
  end
  table.insert(changes, booked.bytesIn)
  table.insert(changes, booked.bytesOut)
  table.insert(changes, ended)
end
redis.call('HSET', KEYS[2], 'log', ARGV[2], 'sequence', ARGV[3])
return changes
