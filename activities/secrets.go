package activities

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/source"
)

// runOpened is [runAttempt] for an activity whose parameters can contain secrets. It opens them: do receives their values. In a
// job without secrets, a text that looks like a sealed one is data.
func runOpened[P, T any](
	ctx context.Context, a *Activities, task job.Task, params P, do func(*step, context.Context, P) (*T, error),
) (*T, error) {
	return runAttempt(ctx, a, task, func(ctx context.Context, s *step) (*T, error) {
		if len(task.Secrets) > 0 {
			if err := s.secrets.open(&params); err != nil {
				return nil, err
			}
		}

		return do(s, ctx, params)
	})
}

// secrets are the secrets that an attempt has opened. Their values must not leave the attempt but to the sources.
type secrets struct {
	keys seal.Keys
	task job.Task

	sealed []string // Pairs: each form of a value, and the text of the sealed secret.
	forms  []string // The forms of all values, longest first.
}

// open replaces the secrets in the texts of params, a pointer to the parameters of an activity, by their values.
func (s *secrets) open(params any) error {
	return replaceTexts(reflect.ValueOf(params).Elem(), func(text string) (string, error) {
		return job.ReplaceSecrets(text, func(found job.SealedSecret) (string, error) {
			value, err := s.keys.Open(found, s.task.AppID, s.task.JobID)
			if err != nil {
				// Another worker, or this one after its next start, may have a key that is missing.
				return "", &failure{
					code: job.CodeSecretUnreadable, retryable: errors.Is(err, seal.ErrKeyMissing),
					err: fmt.Errorf("the secret parameter %s can't be opened: %w", found.Parameter, err),
				}
			}

			s.add(value, found.String())

			return value, nil
		})
	})
}

// openAll opens secrets to hide their values.
func (s *secrets) openAll(sealed []string) error {
	values := slices.Clone(sealed)

	return s.open(&values)
}

// add records an opened value, to hide it from then on.
func (s *secrets) add(value, sealed string) {
	if slices.Contains(s.sealed, value) {
		return
	}

	forms := formsOf(value)
	slices.SortFunc(forms, longestFirst)

	for _, form := range forms {
		s.sealed = append(s.sealed, form, sealed)
	}

	s.forms = append(s.forms, forms...)
	slices.SortFunc(s.forms, longestFirst)
}

func longestFirst(a, b string) int { return cmp.Compare(len(b), len(a)) }

// formsOf returns the forms in which sources return a value that they have received.
func formsOf(value string) []string {
	digits := hex.EncodeToString([]byte(value))
	forms := append(source.SecretForms(value), digits, strings.ToUpper(digits))

	var quoted strings.Builder

	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false)

	if err := encoder.Encode(value); err == nil {
		forms = append(forms, quoted.String()[1:quoted.Len()-2]) // Without the quotes and the line break.
	}

	return forms
}

// none reports whether the attempt has opened no secret.
func (s *secrets) none() bool { return len(s.sealed) == 0 }

// seal replaces the values in a text of data by the sealed secrets.
func (s *secrets) seal(text string) string { return strings.NewReplacer(s.sealed...).Replace(text) }

// sealOutcome replaces the values in the outcome of the attempt, a pointer, by the sealed secrets.
func (s *secrets) sealOutcome(outcome any) {
	if s.none() || reflect.ValueOf(outcome).IsNil() {
		return
	}

	_ = replaceTexts(reflect.ValueOf(outcome).Elem(), func(text string) (string, error) { return s.seal(text), nil })
}

// hide returns an error whose text has no secrets, also if it was shortened within one.
func (s *secrets) hide(err error) error {
	if err == nil || s.none() {
		return err
	}

	return &hiddenError{text: s.hideText(err.Error()), err: err}
}

// hiddenError is an error with another text.
type hiddenError struct {
	text string
	err  error
}

func (e *hiddenError) Error() string { return e.text }
func (e *hiddenError) Unwrap() error { return e.err }

// hideText replaces the values in a text for people, and beginnings of them: a source may shorten what it quotes.
func (s *secrets) hideText(text string) string {
	for _, form := range s.forms {
		beginning := form[:min(len(form), seal.MinLength)]

		for at := 0; ; {
			found := strings.Index(text[at:], beginning)
			if found < 0 {
				break
			}

			begin := at + found
			end := begin + len(beginning)

			for end < len(text) && end-begin < len(form) && text[end] == form[end-begin] {
				end++
			}

			text = text[:begin] + job.HiddenSecret + text[end:]
			at = begin + len(job.HiddenSecret)
		}
	}

	return strings.ToValidUTF8(text, "")
}

// hidePanic removes the values from a panic, which is logged.
func (s *secrets) hidePanic(panicked *source.PanicError) *source.PanicError {
	if s.none() {
		return panicked
	}

	return &source.PanicError{Value: s.hideText(fmt.Sprint(panicked.Value)), Stack: panicked.Stack}
}

// sealRows returns rows that become part of the job: in their texts, sealed secrets replace the values that the attempt has
// opened, which a query can return.
func (s *secrets) sealRows(rows source.Rows) source.Rows {
	if s.none() {
		return rows
	}

	return &sealedRows{Rows: rows, secrets: s}
}

type sealedRows struct {
	source.Rows

	secrets *secrets
	read    int64
}

func (r *sealedRows) Schema() source.Schema {
	schema := slices.Clone(r.Rows.Schema())
	for i := range schema {
		schema[i].Name = r.secrets.seal(schema[i].Name)
	}

	return schema
}

func (r *sealedRows) Next(ctx context.Context) (source.Record, error) {
	record, err := r.Rows.Next(ctx)
	if err != nil {
		return nil, err
	}

	r.read++
	sealed := make(source.Record, len(record))

	for i, value := range record {
		sealed[i] = r.secrets.sealValue(value)
	}

	return sealed, nil
}

// Location returns the place of the last record in its source.
func (r *sealedRows) Location() string { return source.Location(r.Rows, r.read) }

// sealValue replaces the values in a value of a record.
func (s *secrets) sealValue(value any) any {
	switch v := value.(type) {
	case string:
		return s.seal(v)
	case []byte:
		return []byte(s.seal(string(v)))
	case json.RawMessage:
		return json.RawMessage(s.seal(string(v)))
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = s.sealValue(v[i])
		}

		return list
	}

	return value
}

// replaceTexts replaces each text within a value that can be set. It returns the first error of replace.
func replaceTexts(value reflect.Value, replace func(string) (string, error)) error {
	switch value.Kind() { // Other kinds contain no text.
	case reflect.String:
		text, err := replace(value.String())
		if err == nil && text != value.String() {
			value.SetString(text)
		}

		return err
	case reflect.Pointer:
		if !value.IsNil() {
			return replaceTexts(value.Elem(), replace)
		}
	case reflect.Interface:
		if value.IsNil() {
			return nil
		}

		return replaceCopy(value.Elem(), replace, value.Set)
	case reflect.Struct:
		for i := range value.NumField() {
			if value.Type().Field(i).IsExported() {
				if err := replaceTexts(value.Field(i), replace); err != nil {
					return err
				}
			}
		}
	case reflect.Slice, reflect.Array:
		if value.Type().Elem().Kind() == reflect.Uint8 {
			return nil
		}

		for i := range value.Len() {
			if err := replaceTexts(value.Index(i), replace); err != nil {
				return err
			}
		}
	case reflect.Map:
		return replaceEntries(value, replace)
	}

	return nil
}

// replaceEntries replaces the texts in the values of a map.
func replaceEntries(value reflect.Value, replace func(string) (string, error)) error {
	var failed error

	for _, key := range value.MapKeys() {
		err := replaceCopy(value.MapIndex(key), replace, func(changed reflect.Value) { value.SetMapIndex(key, changed) })
		failed = errors.Join(failed, err)
	}

	return failed
}

// replaceCopy replaces the texts in a copy of a value, and passes it to set.
func replaceCopy(value reflect.Value, replace func(string) (string, error), set func(reflect.Value)) error {
	changed := reflect.New(value.Type()).Elem()
	changed.Set(value)

	err := replaceTexts(changed, replace)
	if err == nil {
		set(changed)
	}

	return err
}
