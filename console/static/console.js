"use strict"
// What pages do without a reload. They also work without this script.

const main = document.getElementById("main")

// A page with data-events gets itself again after each event of that address and every 15 seconds, one with data-refresh after
// that many seconds. The server makes the page; the script replaces what differs, and says if it can't get the page.
const stale = document.getElementById("stale")
let source, timer, loading = false, again = false

// changed reports whether a person has changed a control, so that a new page must not set it back.
const changed = (node) => node.matches?.("input, textarea, select") && (
  node === document.activeElement || node.checked !== node.defaultChecked ||
  (node.matches("input, textarea") && node.value !== node.defaultValue))

async function refresh() {
  if (loading) { again = true; return }
  loading = true
  let busy = 0, problem = ""

  try {
    const signal = AbortSignal.timeout(20000)
    const response = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store", signal })
    if (response.redirected || response.status === 401) { location.reload(); return }
    const text = await response.text(), from = performance.now()
    const next = new DOMParser().parseFromString(text, "text/html")
    if (response.ok) { show(next) } else { problem = next.querySelector("#main .problem p")?.textContent ?? next.title }
    busy = performance.now() - from
  } catch { problem = "The server does not respond." } // The next event or refresh tries again.

  const text = problem && `This page is out of date. ${problem}`
  if (stale.textContent !== text) { stale.textContent = text }
  stale.hidden = !problem

  // At most one page in this time, however often the state changes: a slow browser has time for other things.
  setTimeout(() => { loading = false; if (again) { again = false; refresh() } }, Math.max(300, 4 * busy))
}

function show(next) {
  const shown = next.getElementById("main")
  if (!shown) { return }

  shown.querySelector(".notice")?.remove() // It is about the form before.
  document.title = next.title
  for (const name of ["data-events", "data-refresh"]) {
    if (shown.hasAttribute(name)) { main.setAttribute(name, shown.getAttribute(name)) } else { main.removeAttribute(name) }
  }

  Idiomorph.morph(main, [...shown.childNodes], { morphStyle: "innerHTML", ignoreActiveValue: true, callbacks: {
    beforeNodeMorphed: (before, after) => !changed(before) && !before.isEqualNode(after),
    beforeAttributeUpdated: (name, node) => !(name === "open" && node.matches("details")),
  } })

  prepare()
  follow()
}

// follow opens and closes the connection that the page needs, which is none while nobody sees it.
function follow() {
  const events = document.hidden ? "" : main.dataset.events ?? ""

  if (source && (!events || source.readyState === EventSource.CLOSED)) { source.close(); source = undefined }

  if (events && !source) {
    source = new EventSource(events)
    source.addEventListener("status", refresh)
    source.addEventListener("end", refresh)
    source.addEventListener("error", () => setTimeout(refresh, 5000)) // Browsers connect again, unless the server has refused.
  }

  clearInterval(timer)
  const seconds = main.dataset.refresh ?? (events && 15)
  if (seconds && !document.hidden) { timer = setInterval(refresh, seconds * 1000) }
}

document.addEventListener("visibilitychange", () => { if (!document.hidden && (main.dataset.events || main.dataset.refresh)) { refresh() } follow() })
addEventListener("pageshow", follow)

// Relative times go on. The rules are those of the server.
function relative(at) {
  const seconds = (Date.now() - at) / 1000, size = Math.abs(seconds)
  if (size < 5) { return "now" }
  const words = size < 60 ? `${Math.floor(size)} s` : size < 3600 ? `${Math.floor(size / 60)} min`
    : size < 86400 ? `${Math.floor(size / 3600)} h` : size < 63072000 ? `${Math.floor(size / 86400)} d` : `${Math.floor(size / 31536000)} y`
  return seconds < 0 ? `in ${words}` : `${words} ago`
}

setInterval(() => {
  for (const time of document.querySelectorAll("time[data-relative]")) {
    const text = relative(Date.parse(time.dateTime))
    if (time.textContent !== text) { time.textContent = text }
  }
}, 5000)

// A box selects all boxes of a name.
function prepare() {
  for (const all of document.querySelectorAll("[data-all]")) { all.hidden = false }
  for (const button of document.querySelectorAll("form[data-submits] button")) { button.hidden = true } // A change submits.
}

document.addEventListener("change", (event) => {
  if (event.target.form?.hasAttribute("data-submits")) { event.target.form.requestSubmit() }
  const name = event.target.dataset?.all
  if (name) { for (const box of event.target.form.querySelectorAll(`input[name="${name}"]`)) { box.checked = event.target.checked } }
})

// A form with data-stays that is refused keeps what was entered, with the reason above it.
document.addEventListener("submit", async (event) => {
  const form = event.target
  if (!form.hasAttribute("data-stays")) { return }
  event.preventDefault()
  form.querySelector(".problem")?.remove()

  const button = form.querySelector("button")
  let problem = Object.assign(document.createElement("p"), { className: "problem", role: "alert" })
  button.disabled = true

  try {
    const body = new URLSearchParams(new FormData(form))
    const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } })
    if (response.redirected) { location.assign(response.url); return }
    const text = await response.text()
    problem.textContent = text // Of a session that has ended.
    problem = new DOMParser().parseFromString(text, "text/html").querySelector("#main .problem") ?? problem
  } catch { problem.textContent = "The server does not respond." }

  button.disabled = false
  form.prepend(problem)
  problem.scrollIntoView({ block: "center" })
})

// A menu closes by Escape and by a click elsewhere.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") { return }
  for (const menu of document.querySelectorAll("details.menu[open]")) { menu.open = false; menu.querySelector("summary").focus() }
})
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) { if (!menu.contains(event.target)) { menu.open = false } }
})

prepare()
follow()
