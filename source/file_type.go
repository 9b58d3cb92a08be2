package source

import (
	"path"
	"slices"
	"strings"
)

// FileType is a type of files, or a compression, with the file name extensions that identify it.
type FileType struct {
	Name       string
	Extensions []string
}

// TabExtension is the extension of CSV files whose separator is the tab character.
const TabExtension = ".tsv"

// NoCompression is the compression of a format whose file is not compressed, whatever its name is.
const NoCompression = "none"

// FileTypes returns the types of files that can be read and written, in the order in which documentation lists them.
func FileTypes() []FileType {
	return []FileType{
		{"csv", []string{".csv", TabExtension}},
		{"json", []string{".json"}},
		{"ndjson", []string{".ndjson", ".jsonl"}},
		{"xml", []string{".xml"}},
		{"xlsx", []string{".xlsx"}},
		{"parquet", []string{".parquet"}},
	}
}

// Compressions returns the compressions, in the order in which documentation lists them.
func Compressions() []FileType {
	return []FileType{
		{"gzip", []string{".gz", ".gzip"}},
		{"zstd", []string{".zst", ".zstd"}},
		{"zip", []string{".zip"}},
	}
}

// TypeNames returns the names of types.
func TypeNames(types []FileType) []string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.Name
	}

	return names
}

// TypeByName returns the index of the type with a name, or -1.
func TypeByName(types []FileType, name string) int {
	return slices.IndexFunc(types, func(t FileType) bool { return t.Name == name })
}

// TypeByExtension returns the index of the type of a file name, or -1.
func TypeByExtension(types []FileType, name string) int {
	extension := strings.ToLower(path.Ext(name))

	return slices.IndexFunc(types, func(t FileType) bool { return slices.Contains(t.Extensions, extension) })
}

// WithoutCompression returns a file name without the extension of a compression, and the index of the compression, or -1.
func WithoutCompression(name string) (inner string, compression int) {
	compression = TypeByExtension(Compressions(), name)
	if compression >= 0 {
		name = name[:strings.LastIndexByte(name, '.')]
	}

	return name, compression
}

// TypeOf returns the type of a file with this format and a name, or "" if they do not determine it, as for a zip file with
// members of any type.
func (f Format) TypeOf(name string) string {
	types := FileTypes()

	at := TypeByName(types, f.Type)
	if f.Type == "" {
		inner, _ := WithoutCompression(name)
		at = TypeByExtension(types, inner)
	}

	if at < 0 {
		return ""
	}

	return types[at].Name
}
