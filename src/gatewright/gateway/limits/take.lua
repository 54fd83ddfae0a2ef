-- Takes everything that a request claims, or nothing.
-- KEYS: one for each claim. ARGV: now in milliseconds ('' for this server's clock), the slot's name, the life of a slot
-- in milliseconds, the seconds of a window, the tokens that are asked for, and for each claim its kind and limit.
-- Answers {1, second, what is left of each} or {0, index from 1, milliseconds to wait}.
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local slot, life, span, tokens = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local second = math.floor(now / 1000)

local function wait(counts, over)
  local seconds = {}
  for at in pairs(counts) do
    seconds[#seconds + 1] = at
  end
  table.sort(seconds)
  for _, at in ipairs(seconds) do
    over = over - counts[at]
    if over <= 0 then
      return (at + span + 1) * 1000 - now
    end
  end
  return (span + 1) * 1000
end

local left, amounts, over_age = {}, {}, {}
for i, key in ipairs(KEYS) do
  local kind, limit = ARGV[4 + i * 2], tonumber(ARGV[5 + i * 2])
  if kind == 'max_parallel_requests' then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
    local free = limit - redis.call('ZCARD', key)
    if free < 1 then
      return {0, i, 1000}
    end
    left[i] = free - 1
  else
    local amount = kind == 'tokens' and math.max(1, math.min(tokens, limit)) or 1
    local used, counts, old = 0, {}, {}
    local fields = redis.call('HGETALL', key)
    for f = 1, #fields, 2 do
      local at, count = tonumber(fields[f]), tonumber(fields[f + 1])
      if at < second - span then
        old[#old + 1] = fields[f]
      else
        counts[at] = count
        used = used + count
      end
    end
    if used + amount > limit then
      return {0, i, wait(counts, used + amount - limit)}
    end
    left[i], amounts[i], over_age[i] = limit - used - amount, amount, old
  end
end

local answer = {1, second}
for i, key in ipairs(KEYS) do
  if amounts[i] then
    if #over_age[i] > 0 then
      redis.call('HDEL', key, unpack(over_age[i]))
    end
    redis.call('HINCRBY', key, second, string.format('%.0f', amounts[i]))
    redis.call('PEXPIRE', key, (span + 2) * 1000)
  else
    redis.call('ZADD', key, now + life, slot)
    redis.call('PEXPIRE', key, life)
  end
  answer[i + 2] = left[i]
end
return answer
