package e2e_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// A person finds a failed job, retries it with another parameter and stops the new job, without a mouse: each control can be reached
// by the key Tab, shows that it has the focus, and does what it says by the key Enter. The page of the job follows its changes
// meanwhile.
func TestConsoleByKeyboard(t *testing.T) {
	t.Parallel()

	appID := newApp(t, consoleApp)
	jobID := startFailingJob(t, appID)
	b := openBrowser(t)

	b.open(t, serveConsole(t).address)
	b.awaitText(t, "h1", "Sign in")
	b.tabTo(t, "App")
	b.call(t, "Input.insertText", object{"text": appID})
	b.tabTo(t, "API key")
	b.call(t, "Input.insertText", object{"text": callerKey})
	b.press(t, "Enter")

	b.awaitText(t, "h1", "Jobs")
	b.awaitText(t, "td", jobID) // Temporal's lists are a little late.
	b.tabTo(t, "Skip to content")
	b.press(t, "Enter")
	b.tabTo(t, jobID)
	b.press(t, "Enter")

	b.awaitText(t, ".problem", "third.csv")
	b.tabTo(t, "Retry from the failed step…")
	b.press(t, "Enter")

	b.awaitText(t, "main", "is taken over")
	b.tabTo(t, "file")
	b.call(t, "Input.dispatchKeyEvent", object{"type": "keyDown", "commands": []string{"selectAll"}})
	b.call(t, "Input.insertText", object{"text": "second.csv"})
	b.press(t, "Enter")

	b.awaitText(t, "main", "Waits for the signal")
	b.tabTo(t, "Stop…")
	b.press(t, "Enter")
	b.press(t, "Escape")
	require.Equal(t, "closed", b.await(t, `document.querySelector("details.menu[open]") ? "" : "closed"`))
	b.press(t, "Enter")
	b.tabTo(t, "Stop the job")
	b.press(t, "Enter")
	b.awaitText(t, "#status", "stopped")
}

// tabTo presses the key Tab until the control with a text or a label has the focus.
func (b *browser) tabTo(t *testing.T, text string) {
	t.Helper()

	const most = 100

	for range most {
		b.press(t, "Tab")

		found := b.await(t, fmt.Sprintf(`(() => {
			const e = document.activeElement
			const name = (e.labels?.[0] ?? e).innerText.replace("(required)", "").replace(/\s+/g, " ").trim()
			if (name !== %s) { return "another" }
			return getComputedStyle(e).outlineStyle === "none" ? "invisible" : "found" })()`, literal(t, text)))
		if found != "another" {
			require.Equal(t, "found", found, "the focus on %s", text)

			return
		}
	}

	require.Fail(t, "the key Tab does not lead to "+text)
}

// press presses a key.
func (b *browser) press(t *testing.T, key string) {
	t.Helper()

	codes := map[string]int{"Tab": 9, "Enter": 13, "Escape": 27}
	event := object{"type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": codes[key]}

	if key == "Enter" {
		event["text"] = "\r"
	}

	b.call(t, "Input.dispatchKeyEvent", event)
	b.call(t, "Input.dispatchKeyEvent", object{"type": "keyUp", "key": key, "code": key, "windowsVirtualKeyCode": codes[key]})
}
