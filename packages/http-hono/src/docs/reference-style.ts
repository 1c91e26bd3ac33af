/** The looks of the reference page: readable on a phone, in the dark, and printed. */
export const referenceStyle = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --link: light-dark(#0b57d0, #8ab4f8);
  --get: light-dark(#0b6e4f, #5fd3a5); --post: light-dark(#0b57d0, #8ab4f8);
  --patch: light-dark(#8a5a00, #f5c26b); --delete: light-dark(#b3261e, #f2968f) }
* { box-sizing: border-box }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem }
h1 { font-size: 1.9rem; margin: 0 } h2 { margin: 2.5rem 0 .5rem; font-size: 1.3rem } h3 { font-size: 1rem; margin: 1.2rem 0 .4rem }
a { color: var(--link) } p { margin: .5rem 0; max-width: 45rem }
code, pre { font: .86em/1.5 ui-monospace, Consolas, monospace } code { overflow-wrap: anywhere }
pre { background: var(--soft); border-radius: .5rem; padding: .8rem 1rem; overflow-x: auto; margin: .4rem 0 }
nav { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; margin: 1rem 0 }
details { border: 1px solid var(--line); border-radius: .6rem; margin: .5rem 0; scroll-margin-top: 1rem }
details[open] { padding-bottom: .8rem } details > :not(summary) { margin-left: 1rem; margin-right: 1rem }
summary { cursor: pointer; padding: .65rem 1rem; display: flex; flex-wrap: wrap; gap: .2rem .7rem; align-items: baseline }
summary .what { opacity: .75; flex-basis: 16rem; flex-grow: 1 }
.method { font-weight: 700; min-width: 3.6rem; text-transform: uppercase; font-size: .8rem }
.get { color: var(--get) } .post { color: var(--post) } .patch { color: var(--patch) } .delete { color: var(--delete) }
dl { margin: 0; border-top: 1px solid var(--line) }
dl > div { display: grid; grid-template-columns: minmax(9rem, 15rem) 1fr; gap: .2rem 1rem; padding: .4rem 0; border-bottom: 1px solid var(--line) }
dt { overflow-wrap: anywhere } dd { margin: 0 } .type { opacity: .7; font-size: .86em } .required { color: var(--delete); font-size: .8em }
@media (max-width: 34rem) { dl > div { grid-template-columns: 1fr } }
@media print { details { break-inside: avoid } }
`
