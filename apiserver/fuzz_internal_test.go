package apiserver

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/jobservice"
)

// FuzzReadBody verifies that every body is read or refused with a short message.
func FuzzReadBody(f *testing.F) {
	for _, body := range []string{
		`{"apiKey":"k","appId":"7","data":[1,2.5,"x",null,true,{}]}`, `{"a":1,"a":2}`, `[[[[`, `{"a":99999999999999999999}`,
		"{\"a\":\"\xff\"}", `{} {}`, ``, `"\ud800"`, `{"":{"":{"":0}}}`, `{"a":1e999}`,
	} {
		f.Add([]byte(body))
	}

	f.Fuzz(func(t *testing.T, body []byte) {
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(body))
		c.Request.Header.Set("Content-Type", "application/json")

		object, err := readBody(c)
		if err == nil {
			require.NotNil(t, object)

			return
		}

		failed := &jobservice.Error{}
		require.ErrorAs(t, err, &failed)
		require.GreaterOrEqual(t, httpStatuses[failed.Code], 400)
		require.Less(t, httpStatuses[failed.Code], 500)
		require.Less(t, len(failed.Message), 1_000)
	})
}

// readerConn is a connection from which a text can be read.
type readerConn struct {
	net.Conn

	reader io.Reader
}

func (c readerConn) Read(part []byte) (int, error) { return c.reader.Read(part) }

// FuzzRecordedHeader verifies that a recorded header has a Content-Length exactly if net/http would find one.
func FuzzRecordedHeader(f *testing.F) {
	for _, header := range []string{
		"Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5", "content-length:5\r\nTransfer-Encoding: chunked",
		"Transfer-Encoding: chunked\nContent-Length: 5", "Transfer-Encoding: chunked\r\nX: a\r\n Content-Length: 5",
		"Transfer-Encoding: chunked\r\n\r\nContent-Length: 5", "Transfer-Encoding: chunked\r\nX-Content-Length: 5",
		"Transfer-Encoding: chunked\r\n\nContent-Length: 5", "Transfer-Encoding: chunked\r\r\nContent-Length: 5",
	} {
		f.Add(header, 7)
	}

	f.Fuzz(func(t *testing.T, header string, step int) {
		raw := "POST /x HTTP/1.1\r\n" + header + "\r\n\r\n0\r\n\r\n"

		reader := textproto.NewReader(bufio.NewReader(strings.NewReader(raw)))
		_, err := reader.ReadLine()
		require.NoError(t, err)

		parsed, err := reader.ReadMIMEHeader()
		if err != nil {
			return // net/http answers 400.
		}

		conn := &recordingConn{Conn: readerConn{reader: strings.NewReader(raw)}}
		part := make([]byte, max(1, min(step, 4_096)))

		for err == nil {
			_, err = conn.Read(part)
		}

		_, has := parsed["Content-Length"]
		require.Equal(t, !has, conn.hasOneLength(&http.Request{Method: http.MethodPost, RequestURI: "/x"}), "%q", raw)
	})
}
