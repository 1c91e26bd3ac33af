import { describeRetention } from '../testing/describe-retention.ts'
import { memoryStorage } from './memory-storage.ts'

describeRetention({
  name: 'memory',
  async open() {
    const storage = memoryStorage()
    return { storage, retention: storage.retention, close: async () => {} }
  },
})
