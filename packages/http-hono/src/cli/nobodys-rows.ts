import type { Database } from '@florin/adapter-postgres'
import type { Imported } from '@florin/core'

type Kind = keyof Imported

const tables: Readonly<Record<Kind, string>> = {
  customer: 'customers',
  payment_method: 'payment_methods',
  payment: 'transactions',
  refund: 'refunds',
  subscription: 'subscriptions',
  invoice: 'invoices',
  dispute: 'disputes',
}

/** Beyond so many of a kind it is not counted how many were linked: that is a line for people, and must cost little. */
const MOST_WATCHED = 10_000

/**
 * Remembers which rows belong to no user, and answers what counts, by kind, those of them that have one by then. By their
 * ids: a row that comes meanwhile may belong to nobody as well, so that a difference of two counts would tell nothing.
 */
export async function watchNobodys(database: Database): Promise<() => Promise<Readonly<Record<Kind, number>>>> {
  const before = await ofEach((table, name) =>
    database.run(
      {
        name: `florin_nobodys_${name}`,
        text: `select id from ${table} where user_id is null limit ${MOST_WATCHED + 1}`,
      },
      [],
    ),
  )
  return () =>
    ofEach(async (table, name) => {
      const ids = before[name].map(([id]) => id)
      if (ids.length > MOST_WATCHED) return 0
      const text = `select count(*)::int from ${table} where user_id is not null and id = any($1)`
      const [[count] = []] = await database.run({ name: `florin_linked_${name}`, text }, [ids])
      return Number(count)
    })
}

async function ofEach<T>(read: (table: string, kind: Kind) => Promise<T>): Promise<Record<Kind, T>> {
  const kinds = Object.keys(tables) as readonly Kind[] // its type says that it names every kind once
  const entries: [Kind, T][] = []
  for (const kind of kinds) entries.push([kind, await read(tables[kind], kind)])
  return Object.fromEntries(entries) as Record<Kind, T> // every kind was read
}

/** How many customers nobody linked to a user. At those that are deleted, nobody can do so any more. */
export async function countNobodysCustomers(database: Database): Promise<number> {
  const text = 'select count(*)::int from customers where user_id is null and not deleted'
  const [[count] = []] = await database.run({ name: 'florin_nobodys_customers', text }, [])
  return Number(count)
}
