package s3_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/files"
	"github.com/jobwright/jobwright/source/format"
	"github.com/jobwright/jobwright/source/s3"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// The environment of the tests has no keys and no regions, and the SDK does not retry.
func TestMain(m *testing.M) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "", "AWS_REGION": "", "AWS_DEFAULT_REGION": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_MAX_ATTEMPTS": "1",
	} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}

	os.Exit(m.Run())
}

func TestConformance(t *testing.T) {
	t.Parallel()

	sourcetest.Suite{
		Open: func(t *testing.T) source.Source {
			t.Helper()

			return serve(t).open(t, nil)
		},
		Table:   func(word string) string { return "tables/" + word + ".csv" },
		Untyped: true,
		Keyless: true,
	}.Run(t)
}

func named(name string) source.Table { return source.Table{Name: name} }

// read returns the values of a table's first column, up to its end or the first error.
func read(t *testing.T, from *files.Source, table source.Table) (texts []string, err error) {
	t.Helper()

	rows, err := from.ReadTable(t.Context(), source.Read{Table: table})
	if err != nil {
		return nil, err
	}

	defer func() { require.NoError(t, rows.Close()) }()

	for {
		record, err := rows.Next(t.Context())
		if err == io.EOF {
			return texts, nil
		}

		if err != nil {
			return texts, err
		}

		texts = append(texts, record[0].(string))
	}
}

// texts returns records of one column.
func texts(values ...string) *sourcetest.Rows {
	rows := sourcetest.NewRows(source.Schema{sourcetest.Column("id", source.Standard{Type: source.Text})})
	for _, value := range values {
		rows.Records = append(rows.Records, source.Record{value})
	}

	return rows
}

// write writes texts to a table of one column.
func write(t *testing.T, into *files.Source, name string, mode source.Mode, values ...string) error {
	t.Helper()

	_, err := into.WriteTable(t.Context(), source.Write{Table: named(name), Mode: mode}, texts(values...))

	return err
}

// requireProblem requires an error with the given code that contains no secret.
func requireProblem(t *testing.T, err error, code source.Code, retryable bool, message string) *source.Error {
	t.Helper()

	var problem *source.Error
	require.ErrorAs(t, err, &problem)
	require.Equal(t, code, problem.Code, "%v", err)
	require.Equal(t, retryable, problem.Retryable, "%v", err)
	require.Equal(t, "files", problem.Source)
	require.Contains(t, problem.Message, message)
	require.NotContains(t, err.Error(), testserver.S3AccessKeyID)
	require.NotContains(t, err.Error(), "secret/")
	require.NotContains(t, err.Error(), "Signature=")

	return problem
}

func TestOpenChecksOptions(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name    string
		options map[string]any
		message string
	}{
		{"no bucket", map[string]any{"region": "eu-north-1"}, "the bucket is missing"},
		{"no region", map[string]any{"bucket": "b"}, "the region of the bucket is missing"},
		{"half a key", map[string]any{"bucket": "b", "region": "eu-north-1", "accessKeyId": testserver.S3AccessKeyID}, "accessKeyId and secretAccessKey belong together"},
		{"the other half", map[string]any{"bucket": "b", "region": "eu-north-1", "secretAccessKey": testserver.S3SecretAccessKey}, "accessKeyId and secretAccessKey belong together"},
		{"an endpoint without a scheme", map[string]any{"bucket": "b", "endpoint": "minio:9000"}, "the endpoint is not a URL"},
		{"an endpoint of another protocol", map[string]any{"bucket": "b", "endpoint": "ftp://minio"}, "the endpoint is not a URL"},
		{"keys in the endpoint", map[string]any{"bucket": "b", "endpoint": "http://" + testserver.S3AccessKeyID + ":secret@minio"}, "must not contain keys"},
		{"an unknown option", map[string]any{"buckets": "b"}, "buckets"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			_, err := s3.Open(t.Context(), source.Definition{Name: "files", Kind: s3.Kind, Options: test.options}, source.Place{})
			requireProblem(t, err, source.CodeDefinitionInvalid, false, test.message)
		})
	}
}

func TestCheckDescribesTheBucket(t *testing.T) {
	t.Parallel()

	server := serve(t)
	server.put(t, "a.csv", "")
	server.put(t, "x/y/b.csv", "")
	server.put(t, "x/y/", "")

	found, err := server.open(t, nil).Check(t.Context())
	require.NoError(t, err)
	require.Equal(t, `the bucket "test", with 2 files`, found)

	found, err = server.open(t, map[string]any{"prefix": "/x/y/"}).Check(t.Context())
	require.NoError(t, err)
	require.Equal(t, `the folder "x/y" of the bucket "test", with 1 file`, found)
}

func TestPrefixLimitsTheVisibleObjects(t *testing.T) {
	t.Parallel()

	server := serve(t)
	server.put(t, "t.csv", "id\noutside\n")
	server.put(t, "xy/t.csv", "id\noutside\n")
	server.put(t, "x/t.csv", "id\ninside\n")

	within := server.open(t, map[string]any{"prefix": "x"})

	for _, name := range []string{"t.csv", "*.csv", "**/*.csv"} {
		found, err := read(t, within, named(name))
		require.NoError(t, err)
		require.Equal(t, []string{"inside"}, found)
	}

	_, err := read(t, within, named("../t.csv"))
	requireProblem(t, err, source.CodeUnavailable, false, "escapes")

	require.NoError(t, write(t, within, "y/u.csv", source.Replace))
	require.NoError(t, within.DropTable(t.Context(), named("t.csv")))

	names, _ := server.left(t)
	require.Equal(t, []string{"t.csv", "x/y/u.csv", "xy/t.csv"}, names)
}

func TestPatternsMatchMoreFilesThanOneListing(t *testing.T) {
	t.Parallel()

	server := serve(t)
	for i := range 2_100 {
		server.put(t, fmt.Sprintf("t/%04d.csv", i), fmt.Sprintf("id\n%04d\n", i))
	}

	bucket := server.open(t, nil)

	found, err := read(t, bucket, named("t/*{00,50,99}.csv"))
	require.NoError(t, err)
	require.Len(t, found, 3*21)
	require.True(t, slices.IsSorted(found))
	require.Equal(t, "2099", found[len(found)-1])
	require.Equal(t, 3, server.Count("GET list-type"))

	described, err := bucket.Check(t.Context())
	require.NoError(t, err)
	require.Equal(t, `the bucket "test", with more than 1000 files`, described)
}

func TestPatternsOfAFolderListNoOtherFolder(t *testing.T) {
	t.Parallel()

	server := serve(t)
	server.put(t, "orders-1.csv", "id\n1\n")
	server.put(t, "orders-2.csv", "id\n2\n")
	server.put(t, "x/orders-3.csv", "id\n3\n")

	var queries []string

	server.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Has("list-type") {
			queries = append(queries, r.URL.Query().Get("prefix")+" "+r.URL.Query().Get("delimiter"))
		}

		return false
	})

	found, err := read(t, server.open(t, nil), named("orders-*.csv"))
	require.NoError(t, err)
	require.Equal(t, []string{"1", "2"}, found)

	found, err = read(t, server.open(t, nil), named("**/orders-*.csv"))
	require.NoError(t, err)
	require.Equal(t, []string{"1", "2", "3"}, found)
	require.Equal(t, []string{"orders- /", " "}, queries)
}

// long returns a text of the given length without repetitions.
func long(size int) string {
	text := make([]byte, size)
	random := rand.New(rand.NewPCG(1, 2))

	for i := range text {
		text[i] = byte('a' + random.IntN(26))
	}

	return string(text)
}

func TestWriteTableUploadsLargeFilesInParts(t *testing.T) {
	t.Parallel()

	server := serve(t)
	bucket := server.open(t, nil)
	values := make([]string, 40)
	text := long(1 << 20)

	for i := range values {
		values[i] = fmt.Sprint(i) + text
	}

	require.NoError(t, write(t, bucket, "t.csv", source.Replace, values...))
	require.Equal(t, 3, server.Count("PUT partNumber"))
	require.Equal(t, 1, server.Count("POST uploadId"))

	found, err := read(t, bucket, named("t.csv"))
	require.NoError(t, err)
	require.True(t, slices.Equal(values, found))

	size, err := bucket.WriteFile(t.Context(), "t", strings.NewReader(values[0]))
	require.NoError(t, err)
	require.EqualValues(t, len(values[0]), size)

	file, err := bucket.OpenFile(t.Context(), "t")
	require.NoError(t, err)
	require.EqualValues(t, len(values[0]), file.(format.Sizer).Size())

	content, err := io.ReadAll(file)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	require.Equal(t, sha256.Sum256([]byte(values[0])), sha256.Sum256(content))
}

func TestWriteTableThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()

	failure := errors.New("the other source is gone")

	for _, size := range []int{0, 1 << 10, 20 << 20, 70 << 20} {
		t.Run(fmt.Sprintf("after %d KiB", size>>10), func(t *testing.T) {
			t.Parallel()

			server := serve(t)
			server.put(t, "t", "old")

			_, err := server.open(t, nil).WriteFile(t.Context(), "t",
				io.MultiReader(io.LimitReader(letters{}, int64(size)), iotest.ErrReader(failure)))
			require.Equal(t, failure, err)
			requireOld(t, server)
		})
	}
}

// letters is an endless text.
type letters struct{}

func (letters) Read(chunk []byte) (int, error) {
	for i := range chunk {
		chunk[i] = 'a' + byte(i%26)
	}

	return len(chunk), nil
}

// requireOld requires that the bucket contains only the unchanged file "t".
func requireOld(t *testing.T, server *server) {
	t.Helper()

	names, uploads := server.left(t)
	require.Equal(t, []string{"t"}, names)
	require.Zero(t, uploads)

	object, err := server.client().GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String("test"), Key: aws.String("t")})
	require.NoError(t, err)

	content, err := io.ReadAll(object.Body)
	require.NoError(t, err)
	require.NoError(t, object.Body.Close())
	require.Equal(t, "old", string(content))
}

func TestWriteTableEndsWithItsContextAndLeavesNothing(t *testing.T) {
	t.Parallel()

	server := serve(t)
	server.put(t, "t", "old")

	ctx, cancel := context.WithCancel(t.Context())

	server.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		if testserver.S3Kind(r) == "PUT partNumber" {
			cancel()
		}

		return false
	})

	_, err := server.open(t, nil).WriteFile(ctx, "t", letters{})
	require.Equal(t, context.Canceled, err)
	requireOld(t, server)
}

func TestEndedContextPreventsRequests(t *testing.T) {
	t.Parallel()

	server := serve(t)
	server.put(t, "t", "old")

	bucket := server.open(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	_, err := bucket.Check(ctx)
	require.Equal(t, context.Canceled, err)

	_, err = bucket.OpenFile(ctx, "t")
	require.Equal(t, context.Canceled, err)

	_, err = bucket.WriteTable(ctx, source.Write{Table: named("t.csv"), Mode: source.Replace}, patient{texts("1")})
	require.Equal(t, context.Canceled, err)

	require.Equal(t, context.Canceled, bucket.DropTable(ctx, named("t")))
	requireOld(t, server)
}

// patient ignores the end of its context.
type patient struct{ source.Rows }

func (p patient) Next(ctx context.Context) (source.Record, error) {
	return p.Rows.Next(context.WithoutCancel(ctx))
}

func TestAbortReportsPartsThatCanNotBeRemoved(t *testing.T) {
	t.Parallel()

	server := serve(t)
	server.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodDelete {
			return false
		}

		testserver.S3Answer(w, http.StatusForbidden, "AccessDenied", "Access Denied")

		return true
	})

	failure := errors.New("the other source is gone")

	_, err := server.open(t, nil).WriteFile(t.Context(), "t",
		io.MultiReader(io.LimitReader(letters{}, 40<<20), iotest.ErrReader(failure)))
	require.ErrorIs(t, err, failure)
	require.ErrorContains(t, err, "the file can't be removed: AccessDenied")
}

func TestWriteTableEndsIfAPartIsRefused(t *testing.T) {
	t.Parallel()

	server := serve(t)
	server.put(t, "t", "old")
	server.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if testserver.S3Kind(r) != "PUT partNumber" || r.URL.Query().Get("partNumber") != "3" {
			return false
		}

		_, _ = io.Copy(io.Discard, r.Body)
		testserver.S3Answer(w, http.StatusForbidden, "AccessDenied", "Access Denied")

		return true
	})

	_, err := server.open(t, nil).WriteFile(t.Context(), "t", letters{})
	requireProblem(t, err, source.CodeUnavailable, false, "AccessDenied")
	requireOld(t, server)
}

func TestReadTableEndsWithItsContext(t *testing.T) {
	t.Parallel()

	server := serve(t)
	server.put(t, "t.csv", "id\n"+strings.Repeat(long(100)+"\n", 100_000))

	ctx, cancel := context.WithCancel(t.Context())

	rows, err := server.open(t, nil).ReadTable(ctx, source.Read{Table: named("t.csv")})
	require.NoError(t, err)

	_, err = rows.Next(ctx)
	require.NoError(t, err)

	cancel()

	_, err = rows.Next(ctx)
	require.Equal(t, context.Canceled, err)
	require.NoError(t, errors.Join(rows.Close(), rows.Close()))
}

func TestConcurrentAppendsFailOneWithARetryableError(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name  string
		there bool
		after []string
	}{
		{"a file", true, []string{"1", "first"}},
		{"no file", false, []string{"first"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			server := serve(t)
			bucket := server.open(t, map[string]any{"prefix": "x"})

			if test.there {
				require.NoError(t, write(t, bucket, "t.csv", source.Replace, "1"))
			}

			rows := &interrupted{Rows: texts("second"), before: func() {
				require.NoError(t, write(t, bucket, "t.csv", source.Append, "first"))
			}}

			_, err := bucket.WriteTable(t.Context(), source.Write{Table: named("t.csv"), Mode: source.Append}, rows)
			requireProblem(t, err, source.CodeUnavailable, true, "another process changed the file")

			found, err := read(t, bucket, named("t.csv"))
			require.NoError(t, err)
			require.Equal(t, test.after, found)

			require.NoError(t, write(t, bucket, "t.csv", source.Append, "second"))

			found, err = read(t, bucket, named("t.csv"))
			require.NoError(t, err)
			require.Equal(t, append(test.after, "second"), found)
		})
	}
}

// interrupted calls a function before it returns its first record.
type interrupted struct {
	source.Rows

	before func()
}

func (r *interrupted) Next(ctx context.Context) (source.Record, error) {
	if before := r.before; before != nil {
		r.before = nil

		before()
	}

	return r.Rows.Next(ctx)
}

func TestWriteTableMayReplaceAFileThatIsRead(t *testing.T) {
	t.Parallel()

	server := serve(t)
	bucket := server.open(t, nil)
	require.NoError(t, write(t, bucket, "t.csv", source.Replace, "1", "2"))

	rows, err := bucket.ReadTable(t.Context(), source.Read{Table: named("t.csv")})
	require.NoError(t, err)

	_, err = bucket.WriteTable(t.Context(), source.Write{Table: named("t.csv"), Mode: source.Replace}, rows)
	require.NoError(t, err)
	require.NoError(t, rows.Close())

	found, err := read(t, bucket, named("t.csv"))
	require.NoError(t, err)
	require.Equal(t, []string{"1", "2"}, found)
}

func TestMissingBucketIsNotRetryable(t *testing.T) {
	t.Parallel()

	bucket := serve(t).open(t, map[string]any{"bucket": "nowhere"})

	_, err := bucket.Check(t.Context())
	requireProblem(t, err, source.CodeUnavailable, false, `the bucket "nowhere" can't be listed: NoSuchBucket`)

	_, err = read(t, bucket, named("t.csv"))
	requireProblem(t, err, source.CodeUnavailable, false, "NoSuchBucket")

	requireProblem(t, write(t, bucket, "t.csv", source.Replace), source.CodeUnavailable, false, "NoSuchBucket")
}

func TestReadTableOfAMissingFileIsTableNotFound(t *testing.T) {
	t.Parallel()

	bucket := serve(t).open(t, nil)

	_, err := read(t, bucket, named("t.csv"))
	require.Equal(t, `the source is the bucket "test"`, requireProblem(t, err, source.CodeTableNotFound, false, "there is no such file").Hint)
}

func TestWrongKeysAreNotRetryable(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name, option, value, message, hint string
	}{
		{"an unknown key", "accessKeyId", "OTHERKEY", "InvalidAccessKeyId", "correct the source's accessKeyId"},
		{"another secret", "secretAccessKey", "wrong", "SignatureDoesNotMatch", "correct the source's secretAccessKey"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			server := serve(t)
			server.put(t, "t.csv", "id\n")

			bucket := server.open(t, map[string]any{test.option: test.value})

			_, err := bucket.Check(t.Context())
			require.Equal(t, test.hint, requireProblem(t, err, source.CodeUnavailable, false, test.message).Hint)

			_, err = read(t, bucket, named("t.csv"))
			requireProblem(t, err, source.CodeUnavailable, false, test.message)

			requireProblem(t, write(t, bucket, "t.csv", source.Replace), source.CodeUnavailable, false, test.message)
		})
	}
}

func TestKeysOfTheEnvironmentAreTheDefault(t *testing.T) {
	t.Parallel()

	opened, err := s3.Open(t.Context(), source.Definition{Name: "files", Kind: s3.Kind, Options: map[string]any{
		"bucket": "test", "endpoint": serve(t).URL,
	}}, source.Place{})
	require.NoError(t, err)

	_, err = opened.Check(t.Context())
	requireProblem(t, err, source.CodeUnavailable, true, "no keys were found in the worker's environment")
	require.NoError(t, opened.Close())
}

func TestFailedClassifiesErrorsOfTheServer(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		status    int
		code      string
		retryable bool
		hint      string
	}{
		{http.StatusServiceUnavailable, "SlowDown", true, ""},
		{http.StatusInternalServerError, "InternalError", true, ""},
		{http.StatusBadGateway, "", true, ""},
		{http.StatusTooManyRequests, "TooManyRequests", true, ""},
		{http.StatusBadRequest, "RequestTimeout", true, ""},
		{http.StatusForbidden, "AccessDenied", false, "read, list and write"},
		{http.StatusForbidden, "RequestTimeTooSkewed", false, "set the clock"},
		{http.StatusMovedPermanently, "PermanentRedirect", false, "another one"},
		{http.StatusForbidden, "InvalidObjectState", false, "restore the object"},
		{http.StatusBadRequest, "InvalidRequest", false, ""},
	} {
		t.Run(fmt.Sprintf("%d %s", test.status, test.code), func(t *testing.T) {
			t.Parallel()

			server := serve(t)
			server.Intercept(func(w http.ResponseWriter, _ *http.Request) bool {
				testserver.S3Answer(w, test.status, test.code, "as it is")

				return true
			})

			_, err := read(t, server.open(t, nil), named("t.csv"))
			problem := requireProblem(t, err, source.CodeUnavailable, test.retryable, "the file can't be opened: "+test.code)
			require.Contains(t, problem.Hint, test.hint)
		})
	}
}

func TestServerWithoutAnswerIsRetryable(t *testing.T) {
	t.Parallel()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())

	server := serve(t)
	bucket := server.open(t, map[string]any{"endpoint": "http://" + listener.Addr().String()})

	_, err = read(t, bucket, named("t.csv"))
	requireProblem(t, err, source.CodeUnavailable, true, "connection refused")
}

func TestServerWithoutATrustedCertificateIsNotRetryable(t *testing.T) {
	t.Parallel()

	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(untrusted.Close)

	untrusted.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)

	_, err := read(t, serve(t).open(t, map[string]any{"endpoint": untrusted.URL}), named("t.csv"))
	problem := requireProblem(t, err, source.CodeUnavailable, false, "certificate")
	require.Contains(t, problem.Hint, "whose certificate the worker's machine trusts")
}

func TestBrokenConnectionIsRetryable(t *testing.T) {
	t.Parallel()

	server := serve(t)
	server.Intercept(func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, "id\n1\n2\n")

		return true
	})

	found, err := read(t, server.open(t, nil), named("t.csv"))
	require.Equal(t, []string{"1", "2"}, found)
	requireProblem(t, err, source.CodeUnavailable, true, "the file can't be read: the connection was closed before the end")
}

func TestReadTableReadsFormatsThatNeedRandomAccess(t *testing.T) {
	t.Parallel()

	bucket := serve(t).open(t, nil)

	for _, name := range []string{"t.parquet", "t.xlsx", "t.csv.zip"} {
		require.NoError(t, write(t, bucket, name, source.Replace, "1", "2"))
		require.NoError(t, write(t, bucket, name, source.Append, "3"))

		found, err := read(t, bucket, named(name))
		require.NoError(t, err)
		require.Equal(t, []string{"1", "2", "3"}, found)
	}
}

func TestExtentOfAnObjectDoesNotCountATemporaryCopy(t *testing.T) {
	t.Parallel()

	s := serve(t)
	from := s.open(t, nil)

	records := make([]source.Record, 50_000)
	for i := range records {
		records[i] = source.Record{int64(i)}
	}

	for _, name := range []string{"t.csv", "t.parquet"} {
		columns := source.Schema{sourcetest.Column("id", source.Standard{Type: source.Integer})}
		_, err := from.WriteTable(t.Context(), source.Write{Table: source.Table{Name: name}, Mode: source.Replace},
			sourcetest.NewRows(columns, records...))
		require.NoError(t, err)

		rows, err := from.ReadTable(t.Context(), source.Read{Table: source.Table{Name: name}})
		require.NoError(t, err)

		total := source.ExtentOf(rows).TotalBytes
		require.Positive(t, total)

		if name == "t.parquet" {
			require.Less(t, source.ExtentOf(rows).Bytes, total, "the copy is complete, but no record was read")
		}

		sourcetest.ReadAll(t, rows)
		require.Positive(t, source.ExtentOf(rows).Bytes)
		require.Equal(t, total, source.ExtentOf(rows).TotalBytes)
		require.NoError(t, rows.Close())
	}
}
