package job

// MoveSignal is the signal by which an operator asks a job to continue in the current version of the workers, even if it has not
// run for long. It has no argument.
const MoveSignal = "move"
