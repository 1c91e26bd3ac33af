export { type RedisCallBudgetOptions, type RedisForCallBudget, redisCallBudget } from './redis-call-budget.ts'
export { type RedisForRateLimiter, type RedisRateLimiterOptions, redisRateLimiter } from './redis-rate-limiter.ts'
