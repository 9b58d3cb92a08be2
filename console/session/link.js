"use strict"
// A link such as /sign-in?app=7#KEY signs in without typing. Browsers send the part after # to no server.
const key = decodeURIComponent(location.hash.slice(1))
const form = document.getElementById("sign-in")
if (key && form) {
  history.replaceState(null, "", location.pathname + location.search) // The key must not remain in the history.
  form.elements.key.value = key
  form.requestSubmit()
}
