package metrics

import (
	"net/http"
	"net/http/pprof"
	"net/netip"
)

// Profiles serves the profiles of the process at /debug/pprof/, to programs of this machine only: a profile costs computing
// time, and shows the arguments of the process. See [net/http/pprof] for their names and parameters.
func Profiles() http.Handler {
	profiles := http.NewServeMux()
	profiles.HandleFunc("GET /debug/pprof/", pprof.Index)
	profiles.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	profiles.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	profiles.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	profiles.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	profiles.HandleFunc("GET /debug/pprof/trace", pprof.Trace)

	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		client, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil || !client.Addr().Unmap().IsLoopback() {
			http.Error(w, "profiles are served to programs of the same machine only", http.StatusForbidden)

			return
		}

		profiles.ServeHTTP(w, r)
	})
}
