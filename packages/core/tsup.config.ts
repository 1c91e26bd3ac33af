import { defineConfig } from 'tsup'

// Types come from `tsc -b`, which runs after this: TypeScript 7 has no API that tsup could call.
export default defineConfig({
  entry: ['src/index.ts', 'src/stripe/index.ts', 'src/memory/index.ts', 'src/node/index.ts', 'src/testing/index.ts'],
  format: ['esm'],
  target: 'node22',
  dts: false,
  sourcemap: true,
  clean: true,
  removeNodeProtocol: false,
})
