// @ts-check
// What a browser needs beyond the markup: it presses the buttons without leaving the page, and shows what changes
// while it changes. Without this script the page still works, one load per click.

const page = /** @type {HTMLElement} */ (document.querySelector('#page'))
const note = /** @type {HTMLElement} */ (document.querySelector('#note'))
const connection = /** @type {HTMLElement} */ (document.querySelector('#connection'))

/** @param {string} text */
function say(text) {
  note.textContent = text
  note.classList.add('fresh')
}

document.addEventListener('submit', async (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target)
  event.preventDefault()
  if (form.dataset.busy) return
  form.dataset.busy = 'yes'
  const home = form.closest('section, header')
  try {
    const body = new URLSearchParams([...new FormData(form)].map(([name, value]) => [name, String(value)]))
    const answer = await fetch(form.action, { method: 'POST', body, headers: { accept: 'application/json' } })
    const result = await answer.json()
    say(result.note)
    if (result.done) form.closest('details')?.removeAttribute('open')
    await refresh()
    // What was pressed may be gone; the keyboard goes on from the heading above it.
    if (document.activeElement === document.body) home?.querySelector('h1, h2')?.focus()
  } catch {
    say('The sandbox does not answer.')
  } finally {
    delete form.dataset.busy
  }
})

let fetching = false
let stale = false

/** Fetches what the page shows now, once for many changes at once. */
async function refresh() {
  stale = true
  if (fetching) return
  fetching = true
  try {
    while (stale) {
      stale = false
      const answer = await fetch(`/_sandbox/page/content${location.search}`)
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html')
      morph(page, fresh.body)
    }
  } finally {
    fetching = false
  }
}

/**
 * Makes a node's children like those of another, and keeps every node that can stay: with it stay the focus, what is
 * open and what was typed. Children with an id are found again by it.
 *
 * @param {Element} from
 * @param {Element} to
 */
function morph(from, to) {
  const named = new Map([...from.children].filter((child) => child.id).map((child) => [child.id, child]))
  let place = from.firstChild
  for (const wanted of [...to.childNodes]) {
    const known = wanted instanceof Element && wanted.id ? named.get(wanted.id) : undefined
    const here = place !== null && fits(place, wanted) ? place : undefined
    const kept = known ?? here
    if (kept === undefined) {
      from.insertBefore(document.importNode(wanted, true), place)
      continue
    }
    if (kept === place) place = place.nextSibling
    else from.insertBefore(kept, place)
    if (kept instanceof Element && wanted instanceof Element) {
      copyAttributes(kept, wanted)
      morph(kept, wanted)
    } else if (kept.nodeValue !== wanted.nodeValue) kept.nodeValue = wanted.nodeValue
  }
  while (place !== null) {
    const next = place.nextSibling
    place.remove()
    place = next
  }
}

/** @param {ChildNode} node @param {ChildNode} wanted */
function fits(node, wanted) {
  if (node.nodeName !== wanted.nodeName) return false
  return !(node instanceof Element && wanted instanceof Element) || (node.id === '' && wanted.id === '')
}

/** @param {Element} node @param {Element} wanted */
function copyAttributes(node, wanted) {
  for (const { name } of [...node.attributes]) {
    if (!wanted.hasAttribute(name) && name !== 'open' && name !== 'data-busy') node.removeAttribute(name)
  }
  for (const { name, value } of [...wanted.attributes]) {
    if (node.getAttribute(name) === value) continue
    node.setAttribute(name, value)
    // A field shows what was typed, not its attribute; here the sandbox itself says something new.
    if (name === 'value' && node instanceof HTMLInputElement) node.value = value
  }
  if (node instanceof HTMLInputElement && node.defaultChecked !== wanted.hasAttribute('checked')) {
    node.checked = wanted.hasAttribute('checked')
  }
}

const stream = new EventSource('/_sandbox/stream')
stream.addEventListener('change', () => void refresh().catch(() => undefined))
stream.addEventListener('open', () => show('Live', 'good'))
stream.addEventListener('error', () => show('Reconnecting', 'warn'))

/** @param {string} text @param {string} tone */
function show(text, tone) {
  connection.textContent = text
  connection.className = `pill ${tone}`
}

// Where virtual time passes by itself, the sandbox need not say so every second.
setInterval(() => {
  if (document.querySelector('#now[data-ticking]')) void refresh().catch(() => undefined)
}, 5000)
