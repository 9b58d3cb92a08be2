// Package kind defines the kinds of sources and their options, as app.yaml declares them. It contains no driver: what reads
// app.yaml checks options without linking the libraries of databases and clouds.
//
// The structs are the only definition of the options. A driver decodes its options into the struct of its kind. The tags are:
//
//	json:"name"       the option's name
//	required:"true"   the option must be present
//	secret:"true"     the value is a secret, which app.yaml refers to but does not contain
//	secret:"url"      the value may be a URL or a connection string that contains a password
//	secret:"header"   the value is a secret if the header is one of those that authenticate
package kind

import (
	"maps"
	"reflect"
	"slices"

	"github.com/jobwright/jobwright/source"
)

// The kinds.
const (
	PgSQLSource  = "PgSQLSource"
	MySQLSource  = "MySQLSource"
	SQLiteSource = "SQLiteSource"
	FileSource   = "FileSource"
	AWSS3Source  = "AWSS3Source"
	HTTPSource   = "HTTPSource"
)

// definition is what is known of a kind.
type definition struct {
	options reflect.Type
	can     []source.Ability // A test compares it with the drivers.
	modes   []source.Mode    // The modes of writing.
}

var kinds = map[string]definition{
	PgSQLSource:  {reflect.TypeFor[PgSQL](), database, source.Modes()},
	MySQLSource:  {reflect.TypeFor[MySQL](), database, source.Modes()},
	SQLiteSource: {reflect.TypeFor[SQLite](), database, source.Modes()},
	FileSource:   {reflect.TypeFor[File](), files, fileModes},
	AWSS3Source:  {reflect.TypeFor[S3](), files, fileModes},
	HTTPSource:   {reflect.TypeFor[HTTP](), []source.Ability{source.CanRead, source.CanRequest}, nil},
}

// Names returns the names of all kinds, in order.
func Names() []string { return slices.Sorted(maps.Keys(kinds)) }

// Options returns the struct with the options of a kind.
func Options(kind string) (of reflect.Type, isKnown bool) {
	found, isKnown := kinds[kind]

	return found.options, isKnown
}
