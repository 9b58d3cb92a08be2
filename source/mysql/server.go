package mysql

import (
	"strconv"
	"strings"
)

// server is what has to be known of a server.
type server struct {
	mariaDB    bool
	version    string // "10.11.6", without what follows.
	numbers    [3]int
	localFiles bool // Whether LOAD DATA LOCAL is allowed.
}

// read takes apart what VERSION() returns, "10.11.6-MariaDB-0+deb12u1" or "8.4.3" for example. Behind old replicas,
// MariaDB's may begin with 5.5.5-.
func (s *server) read(version string) {
	s.mariaDB = strings.Contains(strings.ToLower(version), "mariadb")
	if s.mariaDB {
		version = strings.TrimPrefix(version, "5.5.5-")
	}

	s.version, _, _ = strings.Cut(version, "-")
	for i, part := range strings.SplitN(s.version, ".", len(s.numbers)) {
		s.numbers[i], _ = strconv.Atoi(part) // What is no number is 0, the oldest.
	}
}

func (s *server) String() string {
	if s.mariaDB {
		return "MariaDB " + s.version
	}

	return "MySQL " + s.version
}

func (s *server) isAtLeast(major, minor, patch int) bool {
	for i, least := range []int{major, minor, patch} {
		if s.numbers[i] != least {
			return s.numbers[i] > least
		}
	}

	return true
}

// isTooOld reports whether the server lacks what the driver can't do without: columns that tell how they are generated, a type
// JSON, and keys of 3,072 bytes, by default.
func (s *server) isTooOld() bool {
	if s.mariaDB {
		return !s.isAtLeast(10, 2, 0)
	}

	return !s.isAtLeast(5, 7, 0)
}

// hasUUID reports whether the server has a type UUID.
func (s *server) hasUUID() bool { return s.mariaDB && s.isAtLeast(10, 7, 0) }

// maxScale is how many digits a decimal may have behind its point.
func (s *server) maxScale() int {
	if s.mariaDB && s.isAtLeast(10, 2, 1) {
		return 38
	}

	return 30
}

// exactCollation is the one by which only the same text is equal. That of old servers ignores spaces at its end.
func (s *server) exactCollation() string {
	switch {
	case s.mariaDB && s.isAtLeast(10, 2, 2):
		return "utf8mb4_nopad_bin"
	case !s.mariaDB && s.isAtLeast(8, 0, 17):
		return "utf8mb4_0900_bin"
	}

	return "utf8mb4_bin"
}
