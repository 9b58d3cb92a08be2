package cli

// The exit statuses of commands.
const (
	StatusFailed    = 1 // The job or the call failed, or there are mistakes.
	StatusWrongCall = 2 // The arguments are wrong, or what they name does not exist or can't be read.
	StatusStopped   = 3 // The job was stopped.
	StatusRefused   = 4 // The caller may not make the call, or has made too many.
)
