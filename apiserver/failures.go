package apiserver

import (
	"maps"
	"net/netip"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"

	"github.com/jobwright/jobwright/jobservice"
)

// DefaultMaxFailures is the default of [Options.MaxFailures].
const DefaultMaxFailures = 20

// maxFailureAddresses limits the memory for failures: further addresses share one limit.
const maxFailureAddresses = 10_000

// failures limits the failed authentications of each address. It never delays a valid key: behind a proxy, all callers have
// one address, and a caller with a wrong key must not lock out the others.
type failures struct {
	perMinute int

	mutex    sync.Mutex
	limiters map[netip.Prefix]*rate.Limiter
	removed  time.Time // When limiters were last removed.
}

// record records a failure of the address, and returns how long the address exceeds its limit, or 0 if it does not.
func (f *failures) record(address netip.Addr, now time.Time) time.Duration {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	reservation := f.limiter(network(address), now).ReserveN(now, 1)

	wait := reservation.DelayFrom(now)
	if wait > 0 {
		reservation.CancelAt(now)
	}

	return wait
}

// limiter returns the limiter of a network.
func (f *failures) limiter(of netip.Prefix, now time.Time) *rate.Limiter {
	if len(f.limiters) >= maxFailureAddresses && now.Sub(f.removed) >= time.Minute {
		f.removed = now

		maps.DeleteFunc(f.limiters, func(_ netip.Prefix, limiter *rate.Limiter) bool {
			return limiter.TokensAt(now) >= float64(f.perMinute) // As if it were new.
		})
	}

	if f.limiters[of] == nil && len(f.limiters) >= maxFailureAddresses {
		of = netip.Prefix{}
	}

	if f.limiters[of] == nil {
		f.limiters[of] = rate.NewLimiter(rate.Every(time.Minute/time.Duration(f.perMinute)), f.perMinute)
	}

	return f.limiters[of]
}

// network returns the addresses that one host can choose from: an IPv4 address, or an IPv6 network of 64 bits.
func network(address netip.Addr) netip.Prefix {
	bits := 64
	if address = address.Unmap(); address.Is4() {
		bits = 32
	}

	prefix, _ := address.Prefix(bits) // An invalid address has the zero prefix.

	return prefix
}

// authenticationFailed returns the error of a failed authentication, or 429 if its address has too many of them.
func (s *Server) authenticationFailed(c *gin.Context, failed *jobservice.Error) error {
	from, _ := netip.ParseAddrPort(c.Request.RemoteAddr) // An invalid address is one of its own.

	wait := s.failures.record(from.Addr(), time.Now())
	if wait == 0 {
		return failed
	}

	return jobservice.NewError(codeTooManyFailures,
		"too many requests from this address have a wrong key or none; the last one: %s", failed.Message).RepeatAfter(wait)
}
