package main

import (
	"net"
	"path/filepath"

	"github.com/jobwright/jobwright/internal/cli/contexts"
)

const (
	contextName  = "dev"           // The name of the context that the process leaves.
	contextOwner = "jobwright-dev" // Marks the context, so that one of the user with this name is left alone.
)

// leaveContext makes the command jobwright call this process: it writes the context dev, and makes it the current one unless the
// user has chosen another. A context dev that the user has written remains.
func leaveContext(file contexts.File, address, dataDir, appID string) error {
	keyPath, err := filepath.Abs(filepath.Join(dataDir, keyFile))
	if err != nil {
		return err
	}

	left := contexts.Context{URL: "http://" + reachable(address), App: appID, KeyFile: keyPath, By: contextOwner}

	return file.Change(func(list *contexts.List) error {
		if existing, exists := list.Contexts[contextName]; exists && existing.By != contextOwner {
			return nil
		}

		list.Contexts[contextName] = left
		if list.Current == "" {
			list.Current = contextName
		}

		return nil
	})
}

// contextApp returns the app of the context: that of --run, or the only one; "" if the user has to choose.
func contextApp(opts options, apps []string) string {
	switch {
	case opts.run != "":
		return opts.app
	case len(apps) == 1:
		return apps[0]
	default:
		return ""
	}
}

// reachable returns the address at which this machine reaches a listener: one that listens on all addresses is reached at
// 127.0.0.1.
func reachable(address string) string {
	return reachableAt("127.0.0.1", address)
}

// reachableAt returns the address of a listener, with a host of this machine if it listens on all addresses.
func reachableAt(host, address string) string {
	given, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(given); err == nil && ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort(host, port)
	}

	return address
}
