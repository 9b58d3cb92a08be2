package version

import "errors"

// ErrNoBuildID reports that a build has no ID.
var ErrNoBuildID = errors.New("this binary has no commit, or was built with changes that are not in its commit")

// BuildID returns the ID by which Temporal distinguishes the workers of this build from others: the commit. A build with changes
// has none, because another build with the same commit can behave differently.
func (i Info) BuildID() (string, error) {
	if i.Commit == "" || i.Modified {
		return "", ErrNoBuildID
	}

	return i.Commit, nil
}
