// Package sourcetest tests drivers of package source: a suite that a driver's tests run against a real server or folder, and
// sample values that every source must store exactly or reject.
package sourcetest
