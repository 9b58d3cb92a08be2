package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	isc = `Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted,
provided that the above copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED
WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR
CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT,
NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.`

	gpl = `This program is free software: you can redistribute it and/or modify it under the terms of the GNU General Public
License as published by the Free Software Foundation, either version 3 of the License, or (at your option) any later version.

This program is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without even the implied warranty of
MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the GNU General Public License for more details.

You should have received a copy of the GNU General Public License along with this program.  If not, see
<https://www.gnu.org/licenses/>.`
)

func TestModuleReadAcceptsListedLicencesOnly(t *testing.T) {
	t.Parallel()

	for name, row := range map[string]struct {
		files    map[string]string
		licences []string
		problem  string
	}{
		"in the root":             {map[string]string{"LICENSE": isc}, []string{"ISC"}, ""},
		"of a copied package":     {map[string]string{"a/b/LICENSE.txt": isc}, []string{"ISC"}, ""},
		"of a package not linked": {map[string]string{"other/LICENSE": isc}, nil, "has no licence file"},
		"none":                    {map[string]string{"README": isc}, nil, "has no licence file"},
		"not accepted":            {map[string]string{"LICENSE": isc, "a/COPYING": gpl}, nil, "has the licence GPL-3.0-or-later, which is not"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			dir := t.TempDir()
			linked := filepath.Join(dir, "a", "b")
			require.NoError(t, os.MkdirAll(linked, 0o755))
			require.NoError(t, os.MkdirAll(filepath.Join(dir, "other"), 0o755))

			for file, content := range row.files {
				require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.FromSlash(file)), []byte(content), 0o600))
			}

			m := module{path: "example.com/m", version: "v1.0.0", dir: dir, packages: []string{linked}}

			err := m.read()
			if row.problem != "" {
				require.ErrorContains(t, err, row.problem)
				require.ErrorContains(t, err, "example.com/m v1.0.0")

				return
			}

			require.NoError(t, err)
			require.Equal(t, row.licences, m.licences)
		})
	}
}

func TestNoticesCoverTheBinary(t *testing.T) {
	t.Parallel()

	var page bytes.Buffer
	require.NoError(t, run([]string{"github.com/jobwright/jobwright/cmd/jobwright"}, &page))

	overview, texts, _ := strings.Cut(page.String(), strings.Repeat("=", 80))
	require.Contains(t, overview, "The Go standard library go1.")
	require.Regexp(t, `(?m)^go\.temporal\.io/sdk v\S+: .*MIT`, overview)
	require.NotContains(t, overview, "go.temporal.io/server ", "the production binary does not include Temporal's server")
	require.Contains(t, texts, "go.temporal.io/sdk v")

	printed := map[string]string{}

	for section := range strings.SplitSeq(texts, "\n"+strings.Repeat("=", 80)+"\n") {
		modules, content, found := strings.Cut(strings.TrimSpace(section), "\n\n")
		require.True(t, found, section)
		require.Empty(t, printed[content], "two sections have the same text; one is that of %s", modules)

		printed[content] = modules
	}
}
