package faulttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"time"
)

// FreeAddress returns a loopback address with an unused port. Temporal stores the ports of its services as smallint, and the
// kernel gives none of these ports to connections, so that a killed process finds its port free.
func FreeAddress() string {
	const first, end = 10_000, 32_768

	for range 1000 {
		port := first + rand.IntN(end-first) //nolint:gosec // It need not be unpredictable.

		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil && listener.Close() == nil {
			return listener.Addr().String()
		}
	}

	panic("the machine has no port left") //nolint:forbidigo // Only tests call it, and none can go on.
}

// Accepts reports whether a server accepts connections at the address.
func Accepts(ctx context.Context, address string) bool {
	connection, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", address)

	return err == nil && connection.Close() == nil
}

// Get returns the body of a response with status 200.
func Get(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}

	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}

	var body bytes.Buffer

	_, err = body.ReadFrom(response.Body)
	if response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s responded %s", url, response.Status)
	}

	return body.Bytes(), errors.Join(err, response.Body.Close())
}
