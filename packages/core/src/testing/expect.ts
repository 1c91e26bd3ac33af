// The one place where promises get vitest from, so that *.conformance.ts files do not depend on it by name.
export { expect } from 'vitest'
