-- Appends usage batches to a node's stream, without a gap and without a repetition, whatever was lost on the way.
-- Sequence numbers only grow; each batch names the one before it, so a missing one is noticed.
-- KEYS[1] usage:<node>   KEYS[2] applied:<node>
-- ARGV[1] log   ARGV[2] '1': the agent has nothing before the first of these batches, do not wait for it
-- ARGV[3..] of each batch, in order: sequence, sequence of the batch before it, JSON
-- Returns the sequence of the last batch of this log that the stream holds or the ledger has applied; the agent goes on
-- from there. A batch whose predecessor is missing is not taken, nor anything behind it. A full stream takes no more:
-- the outbox of the node is the place to wait for a ledger that is away.
local MAX_STREAM_LENGTH = 10000

local last = 0
local applied = redis.call('HMGET', KEYS[2], 'log', 'sequence')
if applied[1] == ARGV[1] then last = tonumber(applied[2]) end
local tail = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if tail and tail[2][2] == ARGV[1] then last = math.max(last, tonumber(tail[2][4])) end

local room = MAX_STREAM_LENGTH - redis.call('XLEN', KEYS[1])
for index = 3, #ARGV, 3 do
  local sequence, after = tonumber(ARGV[index]), tonumber(ARGV[index + 1])
  if sequence > last then
    if room <= 0 or (after > last and not (index == 3 and ARGV[2] == '1')) then break end
    redis.call('XADD', KEYS[1], '*', 'log', ARGV[1], 'sequence', ARGV[index], 'after', ARGV[index + 1], 'batch', ARGV[index + 2])
    last = sequence
    room = room - 1
  end
end
return last
