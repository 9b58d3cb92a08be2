package mysql

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// errConnStr says no more than this, because what the parsers say may hold a part of the password.
var errConnStr = errors.New("connStr is no address of a MySQL server; it is written as user:password@tcp(host:3306)/database, " +
	"or mysql://user:password@host:3306/database")

const (
	defaultConnections = 8
	connectTimeout     = 10 * time.Second
)

// sqlMode makes the server refuse what it would otherwise change in silence: values that are too long or out of range,
// dates that are none, engines that it does not have, and 0 for a number that it counts itself.
const sqlMode = "'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION," +
	"NO_AUTO_VALUE_ON_ZERO'"

// configure returns the driver's settings for a source's options, which it completes.
func configure(opts options) (*mysql.Config, error) {
	if opts.ConnStr == "" {
		return nil, errors.New("connStr is missing")
	}

	if opts.MaxConnections < 0 {
		return nil, errors.New("maxConnections must be at least 1")
	}

	config, err := parse(opts.ConnStr)
	if err != nil {
		return nil, err
	}

	if opts.User != "" {
		config.User = opts.User
	}

	if opts.Password != "" {
		config.Passwd = opts.Password
	}

	prepare(config)

	return config, config.Apply(mysql.Charset("utf8mb4", ""))
}

func parse(connStr string) (*mysql.Config, error) {
	if !strings.HasPrefix(connStr, "mysql://") && !strings.HasPrefix(connStr, "mariadb://") {
		config, err := mysql.ParseDSN(connStr)
		if err != nil {
			return nil, errConnStr
		}

		return config, nil
	}

	address, err := url.Parse(connStr)
	if err != nil || address.Host == "" {
		return nil, errConnStr
	}

	dsn := "tcp(" + address.Host + ")/" + strings.TrimPrefix(address.EscapedPath(), "/")
	if address.RawQuery != "" {
		dsn += "?" + address.RawQuery
	}

	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, errConnStr
	}

	config.User = address.User.Username()
	config.Passwd, _ = address.User.Password()

	return config, nil
}

// prepare sets what this driver's correctness depends on, whatever connStr says, and the defaults of the rest.
func prepare(config *mysql.Config) {
	config.AllowAllFiles = false // A server could ask for any file of this machine.
	config.ClientFoundRows = true
	config.ColumnsWithAlias = false
	config.InterpolateParams = false
	config.MultiStatements = false
	config.ParseTime = false // It makes the zero date and the first day of the year 1 the same.
	config.Loc = time.UTC
	config.Logger = &mysql.NopLogger{} // What it logs, it returns too.
	config.MaxAllowedPacket = 0        // As the server says.

	if config.Timeout == 0 {
		config.Timeout = connectTimeout
	}

	if config.ConnectionAttributes == "" {
		config.ConnectionAttributes = "program_name:jobwright"
	}

	if config.Params == nil {
		config.Params = map[string]string{}
	}

	for name, value := range map[string]string{
		// A table that is replaced waits for those who read it, and who comes to read it then waits too.
		"lock_wait_timeout": "60",
		// By default, the server leaves a client that does nothing for a minute. The other side of a copy may take longer.
		"net_read_timeout":  "3600",
		"net_write_timeout": "3600",
	} {
		if _, given := config.Params[name]; !given {
			config.Params[name] = value
		}
	}

	config.Params["sql_mode"] = sqlMode
	config.Params["time_zone"] = "'+00:00'"
	config.Params["max_error_count"] = "64" // Without one, LOAD DATA's warnings would not tell what is wrong.
}
