-- Frees slots, and counts tokens that were used in the place of those that were claimed.
-- KEYS: one for each claim. ARGV: now in milliseconds ('' for this server's clock), the slot's name, the second in which
-- they were taken, the tokens that were taken, those that were used ('' when that is not known), the seconds of a window,
-- and for each claim its kind and limit.
local now = tonumber(ARGV[1])
if not now then
  now = redis.call('TIME')[1] * 1000
end
local slot, taken_at, taken, used, span = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6])
local second = math.floor(now / 1000)
for i, key in ipairs(KEYS) do
  local kind, limit = ARGV[5 + i * 2], tonumber(ARGV[6 + i * 2])
  if kind == 'max_parallel_requests' then
    redis.call('ZREM', key, slot)
  elseif kind == 'tokens' and used ~= '' then
    local amount = math.max(1, math.min(taken, limit))
    local counted = tonumber(redis.call('HGET', key, taken_at) or 0)
    if counted > amount then
      redis.call('HSET', key, taken_at, string.format('%.0f', counted - amount))
    elseif counted > 0 then
      redis.call('HDEL', key, taken_at)
    end
    if used ~= '0' then
      redis.call('HINCRBY', key, second, used)
      redis.call('PEXPIRE', key, (span + 2) * 1000)
    end
  end
end
return 1
