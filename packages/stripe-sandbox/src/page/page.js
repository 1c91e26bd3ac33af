// @ts-check
// What a browser needs beyond the markup: it presses the buttons without leaving the page, and shows what changes
// while it changes. Without this script the page still works, one load per click.

const page = /** @type {HTMLElement} */ (document.querySelector('#page'))
const note = /** @type {HTMLElement} */ (document.querySelector('#note'))
const connection = /** @type {HTMLElement} */ (document.querySelector('#connection'))

let silence = 0

/** @param {string} text */
function say(text) {
  note.textContent = text
  clearTimeout(silence)
  silence = setTimeout(() => {
    note.textContent = ''
  }, 8000)
}

document.addEventListener('submit', async (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target)
  event.preventDefault()
  if (form.dataset.busy) return
  form.dataset.busy = 'yes'
  const home = form.closest('section, header')
  try {
    const body = new URLSearchParams([...new FormData(form)].map(([name, value]) => [name, String(value)]))
    const answer = await fetch(form.getAttribute('action') ?? '', {
      method: 'POST',
      body,
      headers: { accept: 'application/json' },
    })
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

/** @type {Promise<void> | undefined} */
let refreshing
let stale = false

/** Shows what the sandbox is now; many changes at once are fetched once. Resolves when the page is current. */
function refresh() {
  stale = true
  refreshing ??= fetchFresh().finally(() => {
    refreshing = undefined
  })
  return refreshing
}

async function fetchFresh() {
  while (stale) {
    stale = false
    const answer = await fetch(`/_sandbox/page/content${location.search}`)
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html')
    morph(page, fresh.body)
    shownAt = Date.now()
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
  const named = new Map([...from.children].map((child) => [idOf(child), child]))
  let place = from.firstChild
  for (const wanted of [...to.childNodes]) {
    const known = idOf(wanted) === '' ? undefined : named.get(idOf(wanted))
    const here = place !== null && fits(place, wanted) ? place : undefined
    const kept = known ?? here
    if (kept === undefined) {
      from.insertBefore(document.importNode(wanted, true), place)
      continue
    }
    if (kept === place) place = place.nextSibling
    else from.insertBefore(kept, place)
    // What belongs to the script is not the sandbox's to say.
    if (kept instanceof HTMLElement && kept.dataset.own !== undefined) continue
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
const fits = (node, wanted) => node.nodeName === wanted.nodeName && idOf(node) === '' && idOf(wanted) === ''

/**
 * A form's property `id` would be its field of that name.
 *
 * @param {Node} node
 */
const idOf = (node) => (node instanceof Element ? (node.getAttribute('id') ?? '') : '')

/** @param {Element} node @param {Element} wanted */
function copyAttributes(node, wanted) {
  const field = node instanceof HTMLInputElement ? node : undefined
  const before = { value: field?.defaultValue, checked: field?.defaultChecked }
  for (const { name } of [...node.attributes]) {
    if (!wanted.hasAttribute(name) && name !== 'open' && name !== 'data-busy') node.removeAttribute(name)
  }
  for (const { name, value } of [...wanted.attributes]) {
    if (node.getAttribute(name) !== value) node.setAttribute(name, value)
  }
  // A field shows what was typed, not its attribute, unless the sandbox itself says something new.
  if (field && field.defaultValue !== before.value) field.value = field.defaultValue
  if (field && field.defaultChecked !== before.checked) field.checked = field.defaultChecked
}

const stream = new EventSource('/_sandbox/stream')
stream.addEventListener('change', () => void refresh().catch(() => undefined))
stream.addEventListener('open', () => show('live', 'good'))
stream.addEventListener('error', () => show('connecting again', 'bad'))

/** @param {string} text @param {string} tone */
function show(text, tone) {
  connection.textContent = text
  connection.className = `state ${tone}`
}

// Where virtual time passes by itself, the sandbox does not say so every second.
let shownAt = Date.now()
const dateFormat = { timeZone: 'UTC', weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' }
setInterval(() => {
  const now = /** @type {HTMLTimeElement | null} */ (document.querySelector('#now[data-ticking]'))
  if (now === null) return
  const moment = new Date(Date.parse(now.dateTime) + Date.now() - shownAt)
  const [date, time] = now.children
  if (date)
    date.textContent = moment.toLocaleDateString('en-GB', /** @type {Intl.DateTimeFormatOptions} */ (dateFormat))
  if (time) time.textContent = moment.toISOString().slice(11, 19)
}, 1000)
