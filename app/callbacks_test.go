package app_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/job"
)

func TestAppReadsCallbacks(t *testing.T) {
	t.Parallel()

	got := load(t, `
callbacks:
  url: https://hooks.example.com/jobs?token=${env:JOBWRIGHT_APP_7_TOKEN}
  events: [job.failed]
  allow: [https://partner.example.com/hooks/]
  addresses: [10.20.0.0/16, "::1"]
  secrets: ["${env:JOBWRIGHT_APP_7_NEW}", "${env:JOBWRIGHT_APP_7_OLD}"]
`, nil).Callbacks

	require.Equal(t, app.Callbacks{
		URL: "https://hooks.example.com/jobs?token=${env:JOBWRIGHT_APP_7_TOKEN}", Events: []job.Event{job.JobFailed},
		Allow:     []string{"https://partner.example.com/hooks/"},
		Addresses: []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16"), netip.MustParsePrefix("::1/128")},
		Secrets:   []string{"${env:JOBWRIGHT_APP_7_NEW}", "${env:JOBWRIGHT_APP_7_OLD}"},
	}, got)
}

func TestAppReportsMistakesInCallbacks(t *testing.T) {
	t.Parallel()

	const secrets = `, secrets: ["${env:JOBWRIGHT_APP_7_S}"]}`

	for text, want := range map[string]string{
		`{url: "http://hooks.example.com"` + secrets:                             "must begin with https://",
		`{url: "https://${env:OTHER}/"` + secrets:                                "must not refer to the secret",
		`{events: [job.started]` + secrets:                                       `there is no event "job.started"`,
		`{allow: ["hooks.example.com"]` + secrets:                                "it must be an absolute URL",
		`{allow: ["https://hooks.example.com/?a=b"]` + secrets:                   "it has a query",
		`{addresses: [intranet]` + secrets:                                       "is not an IP address or a prefix",
		`{secrets: [whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw]}`:                    "a secret must be a reference, for example ${env:JOBWRIGHT_APP_7_",
		`{secrets: ["${env:JOBWRIGHT_APP_8_S}"]}`:                                "must not refer to the secret",
		`{url: "https://hooks.example.com"}`:                                     "calls are signed; add a secret",
		`{secrets: [` + strings.Repeat(`"${env:JOBWRIGHT_APP_7_S}", `, 3) + `]}`: "there are 3 secrets; a rotation needs 2",
		`{urls: "https://hooks.example.com"` + secrets:                           "unknown field callbacks.urls",
	} {
		_, err := catalog(t, map[string]string{"7/app.yaml": "callbacks: " + text}).App("7")
		require.ErrorContains(t, err, want, text)
	}
}

func TestCallbacksChoose(t *testing.T) {
	t.Parallel()

	failed := []job.Event{job.JobFailed}
	with := app.Callbacks{URL: "https://a.example.com/default?x=1", Events: failed, Allow: []string{"https://b.example.com/"}}
	without := app.Callbacks{}

	for _, test := range []struct {
		name      string
		rules     app.Callbacks
		requested *app.CallbackRequest
		want      *job.Callback
		err       string
	}{
		{"no default", without, nil, nil, ""},
		{"the default", with, nil, &job.Callback{URL: with.URL, Default: true, Events: failed}, ""},
		{"no callback", with, &app.CallbackRequest{Events: []string{}}, nil, ""},
		{
			"other events", with, &app.CallbackRequest{Events: []string{"job.stopped"}},
			&job.Callback{URL: with.URL, Default: true, Events: []job.Event{job.JobStopped}}, "",
		},
		{
			"another URL", with, &app.CallbackRequest{URL: "https://b.example.com/hook"},
			&job.Callback{URL: "https://b.example.com/hook"}, "",
		},
		{"a forbidden URL", with, &app.CallbackRequest{URL: "https://c.example.com/"}, nil, "url: app.yaml does not allow"},
		{"an unknown event", with, &app.CallbackRequest{Events: []string{"done"}}, nil, `events: there is no event "done"`},
		{"no URL at all", without, &app.CallbackRequest{Events: []string{"job.failed"}}, nil, "url is missing"},
	} {
		got, err := test.rules.Choose(test.requested)
		if test.err == "" {
			require.NoError(t, err, test.name)
		} else {
			require.ErrorContains(t, err, test.err, test.name)
		}

		require.Equal(t, test.want, got, test.name)
	}
}

func TestCallbacksCheck(t *testing.T) {
	t.Parallel()

	rules := app.Callbacks{Allow: []string{
		"https://hooks.example.com/jobs", "https://folder.example.com/a/", "https://all.example.com", "http://127.0.0.1:8090",
	}}

	for _, allowed := range []string{
		"https://hooks.example.com/jobs", "https://HOOKS.example.com:443/jobs/7", "https://folder.example.com/a/b",
		"https://all.example.com/any/path", "https://all.example.com", "http://127.0.0.1:8090/x",
	} {
		require.NoError(t, rules.Check(allowed), allowed)
	}

	for _, forbidden := range []string{
		"https://hooks.example.com/", "https://hooks.example.com/jobsuite", "https://hooks.example.com:8443/jobs",
		"https://hooks.example.com.attacker.net/jobs", "https://folder.example.com/a", "http://127.0.0.1:8091/x",
		"http://localhost:8090/", "https://127.0.0.1:8090/", "https://other.example.com",
	} {
		require.ErrorIs(t, rules.Check(forbidden), app.ErrCallbackForbidden, forbidden)
	}

	for text, want := range map[string]string{
		"":                                                             "absolute URL",
		"/jobs":                                                        "absolute URL",
		"https:hooks.example.com":                                      "absolute URL",
		"https://:443/":                                                "absolute URL",
		"ftp://hooks.example.com/jobs":                                 "must begin with https://",
		"http://hooks.example.com/jobs":                                "must begin with https://",
		"http://127.0.0.1.example.com/":                                "must begin with https://",
		"https://user@hooks.example.com/jobs":                          "must not contain a user",
		"https://hooks.example.com@evil.net/":                          "must not contain a user",
		"https://hooks.example.com/jobs#a":                             "fragment",
		"https://hooks.example.com/jobs?token=x":                       "the URL has a query",
		"https://hooks.example.com/jobs?":                              "the URL has a query",
		"https://hooks.example.com/jobs/../x":                          "must not contain . or ..",
		"https://hooks.example.com/jobs/%2e./x":                        "must not contain . or ..",
		"https://hooks.example.com/jobs%2f..":                          "must not contain . or ..",
		`https://hooks.example.com/jobs/..\x`:                          "must not contain . or ..",
		"https://hooks.example.com/jöbs":                               "printable ASCII",
		"https://hooks.example.com/jobs/" + strings.Repeat("x", 2_000): "more than 2000 bytes",
	} {
		err := rules.Check(text)
		require.ErrorContains(t, err, want, text)
		require.NotErrorIs(t, err, app.ErrCallbackForbidden)
	}
}
