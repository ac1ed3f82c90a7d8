-- How much usage waits to be applied, and how long the first of it has lain here, by the clock of this server.
-- KEYS[...] usage:<node>
-- Returns two numbers a stream: its batches, and the age of the oldest in ms, 0 where none waits or the key is no stream.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local waiting = {}
for _, stream in ipairs(KEYS) do
  local isStream = redis.call('TYPE', stream).ok == 'stream'
  local first = isStream and redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
  table.insert(waiting, isStream and redis.call('XLEN', stream) or 0)
  table.insert(waiting, first and math.max(0, now - tonumber(string.match(first[1], '^%d+'))) or 0)
end
return waiting
