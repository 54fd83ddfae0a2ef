-- Prolongs slots that are still held. KEYS: where they are. ARGV: now in milliseconds ('' for this server's clock), the
-- life of a slot in milliseconds, and the name of the slot in each key.
local now = tonumber(ARGV[1])
if not now then
  now = redis.call('TIME')[1] * 1000
end
local life = tonumber(ARGV[2])
for i, key in ipairs(KEYS) do
  redis.call('ZADD', key, 'XX', now + life, ARGV[2 + i])
  redis.call('PEXPIRE', key, life)
end
return 1
