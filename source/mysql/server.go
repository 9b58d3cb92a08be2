package mysql

import (
	"slices"
	"strconv"
	"strings"
)

// server describes the connected server.
type server struct {
	mariaDB    bool
	version    string // The version without suffixes, for example "10.11.6".
	numbers    [3]int
	localFiles bool // Whether the server allows LOAD DATA LOCAL.
}

// parseVersion parses the result of VERSION(), for example "10.11.6-MariaDB-0+deb12u1" or "8.4.3". For old replicas, MariaDB
// may prepend 5.5.5-.
func (s *server) parseVersion(version string) {
	s.mariaDB = strings.Contains(strings.ToLower(version), "mariadb")
	if s.mariaDB {
		version = strings.TrimPrefix(version, "5.5.5-")
	}

	s.version, _, _ = strings.Cut(version, "-")
	for i, part := range strings.SplitN(s.version, ".", len(s.numbers)) {
		s.numbers[i], _ = strconv.Atoi(part) // A part that is not a number counts as 0.
	}
}

func (s *server) String() string {
	if s.mariaDB {
		return "MariaDB " + s.version
	}

	return "MySQL " + s.version
}

func (s *server) isAtLeast(major, minor, patch int) bool {
	return slices.Compare(s.numbers[:], []int{major, minor, patch}) >= 0
}

// isTooOld reports whether the server lacks features that the driver requires: the expressions of generated columns in
// information_schema, the type JSON, and indexes of 3,072 bytes by default.
func (s *server) isTooOld() bool {
	if s.mariaDB {
		return !s.isAtLeast(10, 2, 0)
	}

	return !s.isAtLeast(5, 7, 0)
}

// hasUUID reports whether the server has the type UUID.
func (s *server) hasUUID() bool { return s.mariaDB && s.isAtLeast(10, 7, 0) }

// maxScale returns the maximum number of digits of a DECIMAL after the point.
func (s *server) maxScale() int {
	if s.mariaDB && s.isAtLeast(10, 2, 1) {
		return 38
	}

	return 30
}

// exactCollation returns the collation in which only identical texts are equal. The collation of old servers ignores trailing
// spaces.
func (s *server) exactCollation() string {
	switch {
	case s.mariaDB && s.isAtLeast(10, 2, 2):
		return "utf8mb4_nopad_bin"
	case !s.mariaDB && s.isAtLeast(8, 0, 17):
		return "utf8mb4_0900_bin"
	}

	return "utf8mb4_bin"
}
