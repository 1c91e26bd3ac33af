import { expect, test } from 'vitest'

// An older Node starts these tools well enough to hide that it is the wrong one.
test('runs on Node 24 or newer', () => {
  expect(Number(process.versions.node.split('.')[0])).toBeGreaterThanOrEqual(24)
})
