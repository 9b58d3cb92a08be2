// Package callback calls the URLs that want to know how jobs ended, by the rules of Standard Webhooks
// (https://www.standardwebhooks.com): each call is signed, has an ID that is the same for all attempts, and is repeated until the
// receiver accepts it. Addresses of internal networks are refused unless the app allows them.
package callback
