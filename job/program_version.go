package job

// programVersionLen is the number of hexadecimal digits of a [ProgramVersion].
const programVersionLen = 12

// ProgramVersion returns the version of a program, given its JSON: a short digest. Two jobs with the same version run the same
// steps: their scenario, and everything that it can run, were the same when the jobs started.
func ProgramVersion(program []byte) string { return Digest(string(program))[:programVersionLen] }
