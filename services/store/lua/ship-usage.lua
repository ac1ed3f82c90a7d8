-- Appends usage batches to a node's stream, without a gap and without a repetition, whatever was lost on the way.
-- KEYS[1] usage:<node>   KEYS[2] applied:<node>
-- ARGV[1] log   ARGV[2] sequence of the first batch   ARGV[3] of the oldest the agent still has
-- ARGV[4..] batches as JSON, in order
-- Returns the sequence of the last batch of this log that the stream holds or the ledger has applied. Where it is
-- smaller than ARGV[2] - 1 nothing was added, and the agent ships again from there; but what the agent has no more is
-- not waited for (the ledger reports the gap, later rows heal it: their counters are cumulative). A full stream takes no more: the
-- outbox of the node is the place to wait for a ledger that is away.
local MAX_STREAM_LENGTH = 10000
local last = 0
local applied = redis.call('HMGET', KEYS[2], 'log', 'sequence')
if applied[1] == ARGV[1] then last = tonumber(applied[2]) end
local tail = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if tail and tail[2][2] == ARGV[1] then last = math.max(last, tonumber(tail[2][4])) end

local first = tonumber(ARGV[2])
if first > last + 1 and tonumber(ARGV[3]) < first then return last end
for index = 4, #ARGV do
  local sequence = first + index - 4
  if sequence > last and redis.call('XLEN', KEYS[1]) < MAX_STREAM_LENGTH then
    redis.call('XADD', KEYS[1], '*', 'log', ARGV[1], 'sequence', string.format('%d', sequence), 'batch', ARGV[index])
    last = sequence
  end
end
return last
