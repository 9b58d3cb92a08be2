package cli

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/spf13/pflag"
)

// TLSFlags are the flags of a process that serves HTTPS.
type TLSFlags struct{ certificate, key string }

// AddTo adds the flags to those of a command.
func (f *TLSFlags) AddTo(flags *pflag.FlagSet) {
	flags.StringVar(&f.certificate, "tls-cert", "",
		"PEM file with a certificate and its chain, which makes all addresses of the process serve HTTPS; "+
			"read again when it changes")
	flags.StringVar(&f.key, "tls-key", "", "PEM file with the private key of the certificate; read again when it changes")
}

// Config returns the configuration of servers, or nil if they serve plain HTTP. It reads the files again when they change; log
// gets the errors of doing so.
func (f *TLSFlags) Config(log *slog.Logger) (*tls.Config, error) {
	if f.certificate == "" && f.key == "" {
		return nil, nil //nolint:nilnil // As documented.
	}

	if f.certificate == "" || f.key == "" {
		return nil, errors.New("--tls-cert and --tls-key belong together; set both or neither")
	}

	files := &keyPair{flags: *f, log: log}
	if err := files.read(); err != nil {
		return nil, err
	}

	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: files.current}, nil
}

// keyPair is a certificate and its key, as their files are.
type keyPair struct {
	flags TLSFlags
	log   *slog.Logger

	mutex  sync.Mutex
	loaded *tls.Certificate
	states [2]fileState // Of the files when they were read.
}

// fileState changes when a file changes.
type fileState struct {
	modified time.Time
	size     int64
}

// current returns the certificate for a connection. If the files have changed and can't be read, the last one stays in use.
func (p *keyPair) current(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()

	if p.states != p.stat() {
		if err := p.read(); err != nil {
			p.log.Error("the TLS certificate can't be read again; the last one stays in use", "error", err)
		} else {
			p.log.Info("the TLS certificate was read again", "notAfter", p.loaded.Leaf.NotAfter)
		}
	}

	return p.loaded, nil
}

// read reads the files. After an error, current reads them again when they change.
func (p *keyPair) read() error {
	p.states = p.stat() // Before the files: a change meanwhile is noticed next time.

	loaded, err := tls.LoadX509KeyPair(p.flags.certificate, p.flags.key)
	if err != nil {
		return fmt.Errorf("--tls-cert and --tls-key: %w", err)
	}

	p.loaded = &loaded

	return nil
}

// stat returns the states of the files, which are zero for a file that is missing.
func (p *keyPair) stat() (states [2]fileState) {
	for i, name := range []string{p.flags.certificate, p.flags.key} {
		if info, err := os.Stat(name); err == nil {
			states[i] = fileState{modified: info.ModTime(), size: info.Size()}
		}
	}

	return states
}
