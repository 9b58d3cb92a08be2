package cli

// The exit statuses of commands that call an API server.
const (
	StatusFailed    = 1 // The job or the call failed.
	StatusWrongCall = 2 // The arguments are wrong, or what they name does not exist.
	StatusStopped   = 3 // The job was stopped.
	StatusRefused   = 4 // The caller may not make the call, or has made too many.
)
