import type { Command } from './program.ts'

const port = { type: 'string', value: 'port' } as const

/**
 * Every command. Each is loaded when it runs: the server must not wait for the embedded database of the sandbox, nor
 * `token` for either.
 */
export const commands: readonly Command[] = [
  {
    name: 'dev',
    about: 'The sandbox: everything in one process, nothing configured and nothing contacted',
    flags: {
      port: { ...port, about: 'Port of the API; 0 takes a free one (SERVER_PORT, 9097)' },
      'sandbox-port': { ...port, about: "Port of Stripe's sandbox (SANDBOX_PORT, 9098)" },
      fresh: { type: 'boolean', about: 'Empties .florin first' },
      memory: { type: 'boolean', about: 'Keeps nothing: no .florin' },
    },
    run: async (program, flags) => (await import('./dev.ts')).dev(program, flags),
  },
  {
    name: 'serve',
    about: 'The server: PostgreSQL, Redis and Stripe, as configured',
    flags: { port: { ...port, about: 'Port to listen on; 0 takes a free one (SERVER_PORT, 9097)' } },
    run: async (program, flags) => (await import('./serve.ts')).serve(program, flags),
  },
  {
    name: 'run',
    about: 'serve when something is configured, otherwise dev',
    flags: {
      port: { ...port, about: 'Port of the API (SERVER_PORT, 9097)' },
      'sandbox-port': { ...port, about: "Port of Stripe's sandbox, where nothing is configured (SANDBOX_PORT, 9098)" },
    },
    run: async (program, flags) => (await import('./run.ts')).run(program, flags),
  },
  {
    name: 'migrate',
    about: 'Brings the tables up to date, takes the newest migration back, lists them, or exits 1 where they lag',
    words: ['up', 'down', 'status', 'check'],
    flags: {},
    run: async (program, flags, word) => (await import('./migrate.ts')).migrate(program, flags, word),
  },
  {
    name: 'events',
    about: 'Lists events that were not delivered, or has one that was given up told again',
    words: ['list', 'retry'],
    operand: 'id',
    flags: {
      status: { type: 'string', value: 'status', about: 'Which to list: dead (given up; the default) or pending' },
    },
    run: async (...given) => (await import('./events.ts')).events(...given),
  },
  {
    name: 'webhooks',
    about: "Lists what became of Stripe's events, shows one, or applies stored ones again; never shows a body",
    words: ['list', 'show', 'replay'],
    operand: 'id',
    flags: {
      status: { type: 'string', value: 'status', about: 'Which to list: failed, ignored, processed or received' },
      type: { type: 'string', value: 'type', about: 'Only those of a type, with --status failed or ignored' },
      limit: { type: 'string', value: 'number', about: 'How many to list, newest first (20)' },
      failed: { type: 'boolean', about: 'Replays every one that failed' },
    },
    run: async (...given) => (await import('./webhooks.ts')).webhooks(...given),
  },
  {
    name: 'users',
    about: 'Erases what is stored of a user, but for ids, states and sums; may be run again at any time',
    words: ['erase'],
    operand: 'id',
    flags: {
      'cancel-subscriptions': {
        type: 'boolean',
        about: 'Cancels what still runs, at once; without it that is refused',
      },
      'no-wait': { type: 'boolean', about: 'Leaves the end to the servers, which takes two minutes' },
    },
    run: async (...given) => (await import('./users.ts')).users(...given),
  },
  {
    name: 'keys',
    about: 'Wraps all data keys under ENCRYPTION_KEY, or names what does not open; exits 1 where something does not',
    words: ['rotate', 'verify'],
    flags: { full: { type: 'boolean', about: 'Opens every value that is stored, not only the newest' } },
    run: async (program, flags, word) => (await import('./keys.ts')).keys(program, flags, word),
  },
  {
    name: 'recover',
    about: 'Settles what a crash or a silent Stripe left open, now',
    flags: {},
    run: async (program) => (await import('./recover.ts')).recover(program),
  },
  {
    name: 'reconcile',
    about: "Applies Stripe's events since the last one that was read: what webhooks should have told",
    flags: {},
    run: async (program) => (await import('./reconcile.ts')).reconcile(program),
  },
  {
    name: 'import',
    about: 'Brings an existing account in: customers, cards, payments, subscriptions, invoices; goes on where it was',
    flags: { emit: { type: 'boolean', about: 'Has the host app told of everything, as if it happened now' } },
    run: async (program, flags) => (await import('./import.ts')).importAccount(program, flags),
  },
  {
    name: 'doctor',
    about:
      'Goes through the production checklist, or compares what is stored with Stripe; exits 1 where something fails',
    flags: {
      json: { type: 'boolean', about: 'Prints the checklist as JSON' },
      drift: { type: 'boolean', about: 'Compares the stored rows with Stripe' },
      changed: { type: 'boolean', about: 'Those that events told of since all was right' },
      full: { type: 'boolean', about: 'All of them, and all that Stripe has' },
      repair: { type: 'boolean', about: 'Replaces them by what Stripe tells; run reconcile before' },
      emit: { type: 'boolean', about: 'Has the host app told of what the repair proves' },
    },
    run: async (program, flags) => (await import('./doctor/doctor.ts')).doctor(program, flags),
  },
  {
    name: 'audit',
    about:
      'Verifies the audit log (exits 1 where it was tampered with), seals it, detaches old months, or shows the key',
    words: ['verify', 'seal', 'detach', 'rebase', 'key'],
    flags: {
      head: { type: 'string', value: 'seal', about: 'verify: a seal that was told earlier, such as 7:9f86…' },
      before: { type: 'string', value: 'date', about: 'detach: months that ended by then, such as 2026-01-01' },
    },
    run: async (program, flags, word) => (await import('./audit.ts')).audit(program, flags, word),
  },
  {
    name: 'prune',
    about: 'Lets go of what is older than the retention settings say; servers do so every hour',
    flags: {},
    run: async (program) => (await import('./prune.ts')).prune(program),
  },
  {
    name: 'token',
    about: 'Signs a token with JWT_SECRET (or the secret of the sandbox)',
    flags: {
      sub: { type: 'string', value: 'id', about: 'Whose token: the user id' },
      role: {
        type: 'string',
        value: 'role',
        multiple: true,
        about: 'user, support, service or admin; may be repeated',
      },
      ttl: { type: 'string', value: 'time', about: 'How long it is valid, such as 15m, 1h (default) or 30d' },
    },
    run: async (program, flags) => (await import('./token.ts')).token(program, flags),
  },
  {
    name: 'sandbox',
    about: "Stripe's sandbox alone, over HTTP: point STRIPE_API_BASE to it",
    flags: {
      port: { ...port, about: 'Port to listen on; 0 takes a free one (SANDBOX_PORT, 9098)' },
      'forward-to': { type: 'string', value: 'url', about: 'Where webhooks go, on this machine' },
      seed: { type: 'string', value: 'text', about: 'Makes ids and chances the same at each start' },
    },
    run: async (program, flags) => (await import('./sandbox.ts')).sandbox(program, flags),
  },
  {
    name: 'config',
    about: 'Shows the configuration as serve would use it, and where each setting comes from; no secrets',
    flags: {
      example: { type: 'string', value: 'form', about: 'Prints every setting with its default: env, yaml or page' },
    },
    run: async (program, flags) => (await import('./show-config.ts')).showConfig(program, flags),
  },
]
