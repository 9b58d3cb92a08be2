package sqlite

import (
	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/jobwright/jobwright/source/ledger"
)

// rule returns why a statement must not be compiled for an action (https://www.sqlite.org/c3ref/c_alter_table.html), or ""
// if the action is allowed. The arguments identify the action's object.
type rule func(action int32, first, second string) string

// denyInQuery denies all actions except reading the database.
func denyInQuery(action int32, first, second string) string {
	switch action {
	case sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE:
		return ""
	case sqlite3.SQLITE_FUNCTION:
		return denyFunction(second)
	case sqlite3.SQLITE_PRAGMA:
		if first == "data_version" { // Full-text tables read it themselves.
			return ""
		}
	}

	return "a query can only read"
}

// denyInScript denies the actions that access another database, end the script's transaction, change a setting, or change the
// ledger.
func denyInScript(action int32, first, second string) string {
	if changesLedger(action, first, second) {
		return ledger.Refusal(ledger.DefaultTable)
	}

	switch action {
	case sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH:
		return "a script can't attach or detach a database: it can only access its own source"
	case sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT:
		return "a script can't begin or end a transaction: all of it runs in one transaction"
	case sqlite3.SQLITE_PRAGMA:
		if sameName(first, "wal_checkpoint") {
			return "a script can't run a checkpoint: all of it runs in one transaction, and SQLite runs checkpoints itself"
		}

		if second != "" {
			return "a script can't set a PRAGMA: the setting would remain after the script"
		}
	case sqlite3.SQLITE_FUNCTION:
		return denyFunction(second)
	}

	return ""
}

// changesLedger reports whether an action creates, changes or drops the ledger, or an index or trigger of it.
func changesLedger(action int32, first, second string) bool {
	switch action {
	case sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE,
		sqlite3.SQLITE_CREATE_TABLE, sqlite3.SQLITE_CREATE_VIEW, sqlite3.SQLITE_CREATE_VTABLE, sqlite3.SQLITE_DROP_TABLE:
		return sameName(first, ledger.DefaultTable)
	case sqlite3.SQLITE_ALTER_TABLE, sqlite3.SQLITE_CREATE_INDEX, sqlite3.SQLITE_DROP_INDEX,
		sqlite3.SQLITE_CREATE_TRIGGER, sqlite3.SQLITE_CREATE_TEMP_TRIGGER, sqlite3.SQLITE_DROP_TRIGGER:
		return sameName(second, ledger.DefaultTable)
	}

	return false
}

func denyFunction(name string) string {
	if name == "load_extension" {
		return "extensions can't be loaded"
	}

	return ""
}

// restrict denies the connection's statements the actions that the rule denies, until release is called.
//
// The authorizer stays installed: to install it or to remove it makes SQLite compile all prepared statements again.
func (c *connection) restrict(deny rule) (release func()) {
	c.deny = deny

	if c.authorize == nil {
		c.authorize = c.authorizeAction

		sqlite3.Xsqlite3_set_authorizer(c.tls, c.db, functionPointer(&c.authorize), 0)
	}

	return func() { c.deny = nil }
}

// authorizeAction is the connection's authorizer.
func (c *connection) authorizeAction(_ *libc.TLS, _ uintptr, action int32, first, second, _, _ uintptr) int32 {
	if c.deny == nil {
		return sqlite3.SQLITE_OK
	}

	reason := c.deny(action, libc.GoString(first), libc.GoString(second))
	if reason == "" {
		return sqlite3.SQLITE_OK
	}

	c.denied = reason

	return sqlite3.SQLITE_DENY
}
