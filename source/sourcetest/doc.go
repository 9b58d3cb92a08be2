// Package sourcetest holds what every driver must do: a suite that a driver's own tests run against the real thing, and the
// values that must survive the way from any source to any other.
package sourcetest
