package openlineage

import (
	"net"
	"net/url"
	"path"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/jobwright/jobwright/lineage"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/kind"
	"github.com/jobwright/jobwright/source/secret"
)

// named is the identity of a dataset: the names of OpenLineage (https://openlineage.io/docs/spec/naming), so that other producers
// name the same table in the same way.
type named struct{ namespace, name string }

// naming names the datasets of an app.
type naming struct {
	appID   string
	sources map[string]source.Definition
}

// of returns the identity of a dataset with a name. If the definition of its source does not contain where the source is, for
// example because that is a secret, the app and the source are the namespace.
func (n naming) of(sourceName, space, name string) named {
	definition := n.sources[sourceName]
	parts := []string{space, name}

	var namespace string

	switch definition.Kind {
	case kind.PgSQLSource:
		var database string

		namespace, database = postgresOf(option(definition, "connStr"))
		parts = []string{database, space, name}
	case kind.MySQLSource:
		var database string

		namespace, database = mysqlOf(option(definition, "connStr"))
		if space != "" {
			database = space
		}

		parts = []string{database, name}
	case kind.AWSS3Source:
		bucket := option(definition, "bucket")
		if bucket != "" {
			namespace = "s3://" + bucket
			parts = []string{path.Join(option(definition, "prefix"), space, name)}
		}
	case kind.FileSource:
		if folder := option(definition, "path"); path.IsAbs(folder) {
			namespace, parts = "file", []string{path.Join(folder, space, name)}
		}
	case kind.HTTPSource:
		if base, err := url.Parse(option(definition, "url")); err == nil && base.Host != "" {
			namespace, parts = base.Scheme+"://"+base.Host, []string{path.Join("/", base.Path, name)}
		}
	}

	if namespace == "" {
		namespace, parts = "jobwright://"+n.appID+"/"+sourceName, []string{space, name}
	}

	return named{namespace, joined(parts)}
}

// dataset returns the identity of a dataset of a lineage, or false if its name is not known.
func (n naming) dataset(of lineage.Dataset) (named, bool) {
	if of.Name == "" || of.Source == "" {
		return named{}, false
	}

	return n.of(of.Source, of.Space, of.Name), true
}

// joined joins the parts of a name that are not empty.
func joined(parts []string) string {
	var given []string

	for _, part := range parts {
		if part != "" {
			given = append(given, part)
		}
	}

	return strings.Join(given, ".")
}

// option returns an option of a source that is a text without references to secrets, or "".
func option(of source.Definition, name string) string {
	text, _ := of.Options[name].(string)
	if len(secret.References(text)) > 0 {
		return ""
	}

	return text
}

// postgresOf returns the namespace and the database of a connection string.
func postgresOf(connStr string) (namespace, database string) {
	const defaultPort = "5432"

	host, port := "", ""

	if parsed, err := url.Parse(connStr); err == nil && parsed.Host != "" {
		host, port, database = parsed.Hostname(), parsed.Port(), strings.Trim(parsed.Path, "/")
	} else {
		for word := range strings.FieldsSeq(connStr) {
			switch key, value, _ := strings.Cut(word, "="); key {
			case "host":
				host = value
			case "port":
				port = value
			case "dbname":
				database = value
			}
		}
	}

	return server("postgres", host, port, defaultPort), database
}

// mysqlOf returns the namespace and the database of a data source name or a URL.
func mysqlOf(connStr string) (namespace, database string) {
	const defaultPort = "3306"

	if parsed, err := url.Parse(connStr); err == nil && parsed.Host != "" {
		return server("mysql", parsed.Hostname(), parsed.Port(), defaultPort), strings.Trim(parsed.Path, "/")
	}

	parsed, err := mysql.ParseDSN(connStr)
	if err != nil || parsed.Net != "tcp" {
		return "", ""
	}

	host, port, err := net.SplitHostPort(parsed.Addr)
	if err != nil {
		return "", ""
	}

	return server("mysql", host, port, defaultPort), parsed.DBName
}

// server returns the namespace of a database server, or "" if its host is not known.
func server(scheme, host, port, defaultPort string) string {
	if host == "" || strings.ContainsAny(host, "/,'\"") {
		return ""
	}

	if port == "" {
		port = defaultPort
	}

	return scheme + "://" + net.JoinHostPort(host, port)
}
