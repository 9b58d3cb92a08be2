// Package nexus lets workflows of other teams run scenarios: its Nexus service has an operation that starts a job through the
// same job service as calls of the HTTP API, and ends when the job does.
package nexus
