package mysql //nolint:testpackage // The test server is MariaDB, which stores JSON as text.

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheckNumbersRejectsInexactJSONNumbers(t *testing.T) {
	t.Parallel()

	for _, text := range []string{
		`{"a": [1, -9223372036854775808, 18446744073709551615, 1.50, 1e300, 0.1, -0.0, 1E2]}`, `"1.00000000000000000001"`, "null",
	} {
		require.NoError(t, checkNumbers([]byte(text)), text)
	}

	for _, text := range []string{"18446744073709551617", `[1.00000000000000000001]`, `{"a": 1e400}`, "12345678901234567890.12"} {
		require.Error(t, checkNumbers([]byte(text)), text)
	}
}

func TestServerParseVersion(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		version, want, collation string
		scale                    int
		hasUUID, isTooOld        bool
	}{
		{"10.11.19-MariaDB-0+deb12u1", "MariaDB 10.11.19", "utf8mb4_nopad_bin", 38, true, false},
		{"5.5.5-10.6.4-MariaDB-log", "MariaDB 10.6.4", "utf8mb4_nopad_bin", 38, false, false},
		{"5.5.68-MariaDB", "MariaDB 5.5.68", "utf8mb4_bin", 30, false, true},
		{"8.4.3", "MySQL 8.4.3", "utf8mb4_0900_bin", 30, false, false},
		{"5.7.44-log", "MySQL 5.7.44", "utf8mb4_bin", 30, false, false},
		{"5.6.24-log", "MySQL 5.6.24", "utf8mb4_bin", 30, false, true},
		{"10.1.48-MariaDB", "MariaDB 10.1.48", "utf8mb4_bin", 30, false, true},
		{"10.2.7-MariaDB", "MariaDB 10.2.7", "utf8mb4_nopad_bin", 38, false, false},
	} {
		var s server

		s.parseVersion(test.version)
		require.Equal(t, test.want, s.String())
		require.Equal(t, test.collation, s.exactCollation())
		require.Equal(t, test.scale, s.maxScale())
		require.Equal(t, test.hasUUID, s.hasUUID())
		require.Equal(t, test.isTooOld, s.isTooOld())
	}
}
