package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/clock"
)

const (
	warnInterval = 24 * time.Hour
	warnBefore   = 14 * 24 * time.Hour // How long before its end a key counts as expiring.
)

// warnOfKeys logs the keys that are not set, have expired or will expire soon, now and once a day until ctx is done.
func warnOfKeys(ctx context.Context, apps *app.Catalog, log *slog.Logger) {
	for {
		logKeys(apps, log, time.Now())

		if clock.Sleep(ctx, warnInterval) != nil {
			return
		}
	}
}

func logKeys(apps *app.Catalog, log *slog.Logger, now time.Time) {
	ids, err := apps.IDs()
	if err != nil {
		log.Warn("can't list the apps", "error", err)
	}

	for _, id := range ids {
		found, err := apps.App(id)
		if err != nil {
			continue // The catalog has reported it.
		}

		for _, name := range found.MissingKeys() {
			log.Warn("the key of an access is not set; calls with it are rejected", "app", id, "access", name)
		}

		for _, key := range found.ExpiringKeys(now.Add(warnBefore)) {
			of := log.With("app", id, "access", key.Access, "expires", key.Expires)

			if key.Expires.After(now) {
				of.Warn("a key of an access expires soon")
			} else {
				of.Warn("a key of an access has expired; calls with it are rejected")
			}
		}
	}
}
