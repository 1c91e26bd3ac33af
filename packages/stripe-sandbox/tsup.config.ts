import { cp } from 'node:fs/promises'
import { defineConfig } from 'tsup'

// Types come from `tsc -b`, which runs after this: TypeScript 7 has no API that tsup could call.
export default defineConfig({
  entry: ['src/index.ts'],
  format: ['esm'],
  target: 'node22',
  dts: false,
  sourcemap: true,
  clean: true,
  removeNodeProtocol: false,
  // The page's style and script are read as files, from beside the code that reads them.
  async onSuccess() {
    for (const name of ['page.css', 'page.js']) await cp(`src/page/${name}`, `dist/${name}`)
  },
})
