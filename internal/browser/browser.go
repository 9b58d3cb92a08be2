// Package browser recognizes requests that web pages make a browser send to a server of this machine or network: a page can
// send requests to any address that the browser reaches, and has read their responses if its own name resolves to that
// address (DNS rebinding).
package browser

import (
	"net/http"
	"slices"
)

// protection has the rules of the standard library for the headers Sec-Fetch-Site and Origin.
var protection = http.NewCrossOriginProtection()

// IsCrossOrigin reports whether a page of another origin caused the request. It holds for all methods: unlike
// [http.CrossOriginProtection.Check], it does not assume that a GET changes nothing.
func IsCrossOrigin(r *http.Request) bool {
	return protection.Check(&http.Request{Method: http.MethodPost, Host: r.Host, Header: r.Header}) != nil
}

// headers are those that browsers add to requests by themselves, and other programs usually don't. Sec-Fetch-Mode and
// User-Agent are not among them: Node.js sends the first, PowerShell the second like a browser.
var headers = []string{"Origin", "Referer", "Cookie", "Sec-Fetch-Site", "Sec-Fetch-Dest"}

// Sent reports whether a browser sent the request.
func Sent(r *http.Request) bool {
	return slices.ContainsFunc(headers, func(name string) bool { return r.Header.Get(name) != "" })
}
