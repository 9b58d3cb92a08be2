package mysql

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// errConnStr omits the messages of the parsers, which may contain a part of the password.
var errConnStr = errors.New("connStr is not the address of a MySQL server: write user:password@tcp(host:3306)/database " +
	"or mysql://user:password@host:3306/database")

const (
	defaultConnections = 8
	connectTimeout     = 10 * time.Second
)

// sqlMode makes the server reject statements that it would otherwise change silently: values that are too long or out of
// range, invalid dates, unavailable engines, and 0 in an AUTO_INCREMENT column.
const sqlMode = "'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION," +
	"NO_AUTO_VALUE_ON_ZERO'"

// configure returns the settings of the MySQL library for a source's options.
func configure(opts options) (*mysql.Config, error) {
	if opts.ConnStr == "" {
		return nil, errors.New("connStr is missing")
	}

	if opts.MaxConnections < 0 {
		return nil, errors.New("maxConnections is less than 1")
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

	setRequired(config)

	// A record is limited by the bytes that are read from the network. With compression, few of them could be many.
	return config, config.Apply(mysql.Charset("utf8mb4", ""), mysql.EnableCompression(false))
}

// parse parses a data source name or a URL.
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

// setRequired sets the settings that this driver's correctness requires, even if connStr sets them, and the defaults of the
// others.
func setRequired(config *mysql.Config) {
	config.AllowAllFiles = false // A server could request any file of this machine.
	config.ClientFoundRows = true
	config.ColumnsWithAlias = false
	config.InterpolateParams = false
	config.MultiStatements = false
	config.ParseTime = false // The library parses the zero date and the first day of the year 1 as the same time.
	config.Loc = time.UTC
	config.Logger = &mysql.NopLogger{} // The library returns all errors that it logs.
	config.MaxAllowedPacket = 0        // Use the server's limit, which applies to what the library sends.
	config.DialFunc = dial

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
		// Replacing a table waits for its readers, and blocks new readers while it waits.
		"lock_wait_timeout": "60",
		// By default, the server disconnects a client that is idle for a minute. The other side of a copy may take longer.
		"net_read_timeout":  "3600",
		"net_write_timeout": "3600",
	} {
		if _, given := config.Params[name]; !given {
			config.Params[name] = value
		}
	}

	config.Params["sql_mode"] = sqlMode
	config.Params["time_zone"] = "'+00:00'"
	config.Params["max_error_count"] = "64" // With 0, LOAD DATA's warnings would have no messages.
}
