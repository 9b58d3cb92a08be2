package e2e_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/apiserver/oidc"
	"github.com/jobwright/jobwright/console"
	"github.com/jobwright/jobwright/console/session"
	"github.com/jobwright/jobwright/internal/testserver/identityprovider"
)

// A person signs in at the identity provider, which is another site, and comes back to the page. A link of another site then leads
// to the console without another sign-in, although the browser sends no strict cookies with it.
func TestConsoleSignInByAProvider(t *testing.T) {
	t.Parallel()

	from := identityprovider.Start(t, map[string]any{"groups": []string{"console"}})
	appID := newApp(t, map[string]string{"app.yaml": "access:\n  - {name: anna, claims: {groups: console}}\n"})

	verifier, err := oidc.New(oidc.Options{Issuer: from.Issuer, Audience: identityprovider.Audience})
	require.NoError(t, err)

	address := serve(t, apiserver.Options{
		IdentityProvider: verifier,
		Pages: func(api http.Handler) http.Handler {
			return console.New(console.Options{API: api, Log: slog.New(slog.DiscardHandler), Provider: session.ProviderOptions{
				Issuer: from.Issuer, ClientID: from.ClientID, ClientSecret: from.ClientSecret,
			}})
		},
	}).address

	b := openBrowser(t)
	b.open(t, address+"/sign-in?app="+appID+"&next=%2Fjobs%3Fstatus%3Drunning")
	b.click(t, "Sign in with localhost")
	b.click(t, "Sign in as anna")
	b.awaitText(t, "h1", "Jobs")
	require.Contains(t, b.await(t, `location.href`), address+"/jobs?status=running")

	chat := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<a href="%s/jobs?status=completed">Look at this</a>`, address)
	}))
	t.Cleanup(chat.Close)

	b.open(t, strings.Replace(chat.URL, "127.0.0.1", "localhost", 1))
	b.click(t, "Look at this")
	b.awaitText(t, "h1", "Jobs")
	require.Contains(t, b.await(t, `location.href`), "status=completed")

	b.click(t, "Sign out")
	b.awaitText(t, "h1", "Sign in")
	b.open(t, address+"/jobs")
	b.awaitText(t, "h1", "Sign in")
}
