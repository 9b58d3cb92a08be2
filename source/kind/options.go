package kind

// File has the options of a FileSource.
type File struct {
	// The folder, absolute or relative to the app's folder. It must exist: creating the folder of a misspelt path would hide
	// files from their readers. It must not reach the definition of an app.
	Path string `json:"path" required:"true"`
}

// SQLite has the options of a SQLiteSource.
type SQLite struct {
	// The database file, relative to the data directory of the app's sources; <name>.db by default. It is created if it is
	// missing.
	Path string `json:"path"`

	// The maximum number of tables and queries that are read at the same time; 16 by default. Further readers wait.
	MaxConnections int `json:"maxConnections"`
}

// PgSQL has the options of a PgSQLSource.
type PgSQL struct {
	// The connection string: postgres://user@host:5432/database, or the keywords of libpq: host=… port=… dbname=… user=….
	ConnStr string `json:"connStr" required:"true" secret:"url"`

	// The user and the password, in place of those in connStr.
	User     string `json:"user"`
	Password string `json:"password" secret:"true"`

	// The maximum number of connections to the server; 8 by default. Half of them are for reading and half for writing. A job
	// that reads from the database and writes to it needs one of each; with a common pool, jobs could deadlock when each has
	// one connection and waits for another.
	MaxConnections int32 `json:"maxConnections"`

	// The ledger's table: name or schema.name. By default, it is jobwright_ledger in the schema in which the connection creates
	// tables. With "none", the source has no ledger, and an append, an insert or a script may take effect twice if its answer
	// is lost.
	Ledger string `json:"ledger"`
}

// MySQL has the options of a MySQLSource.
type MySQL struct {
	// The address of the server: a data source name such as user:password@tcp(host:3306)/database?tls=true, or a URL such as
	// mysql://user:password@host:3306/database?tls=true. It accepts the parameters of github.com/go-sql-driver/mysql, except
	// compress, and the server's system variables.
	ConnStr string `json:"connStr" required:"true" secret:"url"`

	// The user and the password; they override the user and the password in connStr.
	User     string `json:"user"`
	Password string `json:"password" secret:"true"`

	// The maximum number of connections for reading, and again for writing; 8 by default.
	MaxConnections int `json:"maxConnections"`

	// The table of the ledger, which records the completed steps so that each takes effect once: jobwright_ledger in the
	// connection's database by default, or database.table. With none, an append, an insert or a script may take effect twice
	// if its response is lost.
	Ledger string `json:"ledger"`
}

// S3 has the options of an AWSS3Source.
type S3 struct {
	Bucket string `json:"bucket" required:"true"`

	// The bucket's region; by default that of the worker's environment.
	Region string `json:"region"`

	// The URL of a server other than Amazon's: http://minio:9000.
	Endpoint string `json:"endpoint" secret:"url"`

	// The key and its secret; by default, the SDK uses keys of the worker's environment.
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey" secret:"true"`

	// The folder in the bucket; by default the whole bucket.
	Prefix string `json:"prefix"`

	// Whether URLs have the bucket in their path; by default if endpoint is set.
	PathStyle *bool `json:"pathStyle"`
}

// HTTP has the options of an HTTPSource.
type HTTP struct {
	// The base URL: paths are relative to it.
	URL string `json:"url" required:"true" secret:"url"`

	// Headers of every request.
	Headers map[string]string `json:"headers" secret:"header"`

	// The credentials for basic authentication.
	User     string `json:"user"`
	Password string `json:"password" secret:"true"`

	// A key in a header or in the query.
	APIKey *APIKey `json:"apiKey"`

	// OAuth 2 client credentials.
	OAuth2 *OAuth2 `json:"oauth2"`

	// The time in which a response must begin; by default a minute.
	Timeout string `json:"timeout"`

	// The maximum number of connections; 8 by default.
	MaxConnections int `json:"maxConnections"`

	// The redirects that are followed: sameHost, which is the default, or anyHost.
	FollowRedirects string `json:"followRedirects"`

	// The paging of tables.
	Paging Paging `json:"paging"`
}

// APIKey is a key in a header or in a parameter of the query.
type APIKey struct {
	Header string `json:"header"` // The name of the header.
	Query  string `json:"query"`  // The name of the parameter.
	Value  string `json:"value" required:"true" secret:"true"`
}

// OAuth2 has OAuth 2 client credentials (RFC 6749, section 4.4).
type OAuth2 struct {
	TokenURL     string   `json:"tokenUrl" required:"true" secret:"url"`
	ClientID     string   `json:"clientId" required:"true"`
	ClientSecret string   `json:"clientSecret" secret:"true"`
	Scopes       []string `json:"scopes"`
}

// Paging describes a table in pages, each of which is a JSON document.
type Paging struct {
	Style         string `json:"style"`         // none, link, page, offset or cursor.
	Parameter     string `json:"parameter"`     // The name of the parameter for the page's number, the offset or the cursor.
	SizeParameter string `json:"sizeParameter"` // The name of the parameter for the size of a page, if the server has one.
	Size          int    `json:"size"`          // The number of records of a page. A shorter page is the last.
	First         *int   `json:"first"`         // The number of the first page; 1 by default.
	Cursor        string `json:"cursor"`        // The path of the cursor in a page, for example meta.next.
}
