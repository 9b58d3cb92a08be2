package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// browser is a page of Chromium, which a test controls by the Chrome DevTools Protocol over a pipe.
type browser struct {
	requests  *json.Encoder
	requestTo *os.File
	responses *bufio.Reader
	session   string
	sent      int
}

// openBrowser starts Chromium with an empty page. It ends with the test.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	requireProgram(t, "chromium")

	command := exec.CommandContext(t.Context(), "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--remote-debugging-pipe", "--user-data-dir="+t.TempDir(), "--window-size=1500,1300")

	requests, requestTo, err := os.Pipe()
	require.NoError(t, err)

	responseFrom, responses, err := os.Pipe()
	require.NoError(t, err)

	command.ExtraFiles = []*os.File{requests, responses} // Chromium reads from 3 and writes to 4.
	start(t, command)
	require.NoError(t, requests.Close())
	require.NoError(t, responses.Close())

	t.Cleanup(func() {
		_ = requestTo.Close() // Chromium may have ended first.
		_ = responseFrom.Close()
	})

	b := &browser{requests: json.NewEncoder(requestTo), requestTo: requestTo, responses: bufio.NewReader(responseFrom)}

	target := b.call(t, "Target.createTarget", object{"url": "about:blank"})
	attached := b.call(t, "Target.attachToTarget", object{"targetId": target["targetId"], "flatten": true})
	b.session, _ = attached["sessionId"].(string)

	return b
}

// call calls a method of the protocol, and returns its result.
func (b *browser) call(t *testing.T, method string, params object) object {
	t.Helper()

	result, failed := b.tryCall(t, method, params)
	require.Empty(t, failed, method)

	return result
}

// tryCall calls a method of the protocol, and returns its result or its error.
func (b *browser) tryCall(t *testing.T, method string, params object) (result, failed object) {
	t.Helper()

	b.sent++

	request := object{"id": b.sent, "method": method, "params": params}
	if b.session != "" {
		request["sessionId"] = b.session
	}

	require.NoError(t, b.requests.Encode(request))

	_, err := b.requestTo.Write([]byte{0})
	require.NoError(t, err)

	for {
		message, err := b.responses.ReadBytes(0)
		require.NoError(t, err)

		var response struct {
			ID     int    `json:"id"`
			Result object `json:"result"`
			Error  object `json:"error"`
		}

		require.NoError(t, json.Unmarshal(message[:len(message)-1], &response))

		if response.ID == b.sent { // Others are events.
			return response.Result, response.Error
		}
	}
}

// open opens an address in the page.
func (b *browser) open(t *testing.T, address string) {
	t.Helper()
	b.call(t, "Page.navigate", object{"url": address})
}

// await waits until an expression in JavaScript, evaluated in the page, is a text that is not empty, and returns the text. The page
// may be replaced by another one meanwhile.
func (b *browser) await(t *testing.T, expression string) string {
	t.Helper()

	// On a busy machine, a page of Temporal UI takes long to load.
	const timeout = 2 * time.Minute

	for deadline := time.Now().Add(timeout); ; {
		left := time.Until(deadline)
		result, failed := b.tryCall(t, "Runtime.evaluate", object{
			"awaitPromise": true, "returnByValue": true, "expression": fmt.Sprintf(`
			new Promise((resolve) => {
				const look = (left) => {
					let text = ""
					try { text = %s } catch { /* The page is not complete. */ }
					if (text || left <= 0) { resolve(text || "") } else { setTimeout(look, 100, left - 100) }
				}
				look(%d)
			})`, expression, left.Milliseconds()),
		})

		if failed != nil && left > 0 { // The page has gone.
			continue
		}

		require.Empty(t, failed)

		value, _ := result["result"].(object)
		text, _ := value["value"].(string)
		if text == "" {
			shown, _ := b.tryCall(t, "Runtime.evaluate", object{"expression": `location.href + "\n" + document.body?.innerText`})
			require.Fail(t, "the page never has "+expression, "it shows %v", shown)
		}

		return text
	}
}
