export { type MemoryCallBudgetOptions, memoryCallBudget } from './memory-call-budget.ts'
export { type MemoryRateLimiterOptions, memoryRateLimiter } from './memory-rate-limiter.ts'
export { type MemoryStorage, memoryStorage } from './memory-storage.ts'
