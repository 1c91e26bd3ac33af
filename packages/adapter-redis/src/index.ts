export { type RedisCacheOptions, type RedisForCache, redisCache } from './redis-cache.ts'
export { type RedisForRateLimiter, type RedisRateLimiterOptions, redisRateLimiter } from './redis-rate-limiter.ts'
