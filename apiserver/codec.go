package apiserver

import (
	"errors"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"
	commonpb "go.temporal.io/api/common/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/jobservice"
)

// The codec endpoint decodes payloads for Temporal UI and the command temporal, by the protocol of Temporal's remote codecs. It
// is no call of the API: Temporal's tools determine its path after the namespace, its body and its response.
const (
	codecPath = "/codec/:namespace/decode"
	codecCall = "decodePayloads" // Its name in the audit log.
)

// maxPayloads is the largest body of a request for decoding, in bytes. Temporal UI decodes the payloads of a page of events at
// once, and a page has at most 4 MB, which grow by a third in base64.
const maxPayloads = 16 << 20

// addCodec adds the codec endpoint.
func (s *Server) addCodec() {
	s.engine.POST(codecPath, s.decodePayloads)
	s.engine.OPTIONS(codecPath, s.permitCodecOrigin)
	s.byPath[codecPath] = call{names: []string{codecCall}, changes: true} // Each request is audited.
}

// isFromCodecOrigin reports whether a page of the configured origin, Temporal UI, has sent a request to the codec endpoint.
func (s *Server) isFromCodecOrigin(c *gin.Context) bool {
	return c.FullPath() == codecPath && s.options.CodecOrigin != "" && c.GetHeader("Origin") == s.options.CodecOrigin
}

// permitCodecOrigin responds to the question of a browser whether a page of another origin may call the codec endpoint. Pages of
// origins that are not configured were refused before.
func (s *Server) permitCodecOrigin(c *gin.Context) {
	s.setCodecOrigin(c)
	c.Status(http.StatusNoContent)
}

// setCodecOrigin sets the headers by which a browser lets the page of the configured origin read the response. The page sends an
// access token; cookies are not permitted.
func (s *Server) setCodecOrigin(c *gin.Context) {
	if !s.isFromCodecOrigin(c) {
		return
	}

	header := c.Writer.Header()
	header.Set("Access-Control-Allow-Origin", s.options.CodecOrigin)
	header.Set("Access-Control-Allow-Methods", http.MethodPost)
	header.Set("Access-Control-Allow-Headers", "Authorization, Authorization-Extras, Content-Type, X-Namespace")
	header.Set("Vary", "Origin")
}

// decodePayloads responds with payloads without their encryption. The caller has to be an operator of all apps: a payload does
// not say to which app it belongs.
func (s *Server) decodePayloads(c *gin.Context) {
	s.setCodecOrigin(c)

	decoded, err := s.decoded(c)
	if err != nil {
		s.respondError(c, err)

		return
	}

	text, err := protojson.Marshal(&commonpb.Payloads{Payloads: decoded})
	if err != nil {
		s.respondError(c, err)

		return
	}

	c.Data(http.StatusOK, "application/json", text)
}

func (s *Server) decoded(c *gin.Context) ([]*commonpb.Payload, error) {
	if err := s.authorizeOperator(c); err != nil {
		return nil, err
	}

	if err := checkContentType(c.GetHeader("Content-Type")); err != nil {
		return nil, err
	}

	text, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxPayloads))
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, jobservice.NewError(jobservice.CodeRequestTooLarge, "the payloads have more than %d bytes", tooLarge.Limit)
	}

	if err != nil {
		return nil, jobservice.Invalid("the body can't be read: %v", err)
	}

	bodyArrived(c)

	var payloads commonpb.Payloads
	if err := protojson.Unmarshal(text, &payloads); err != nil {
		return nil, jobservice.Invalid("the body must be payloads as Temporal's tools send them: %v", err)
	}

	if s.options.Codec == nil {
		return payloads.GetPayloads(), nil
	}

	decoded, err := s.options.Codec.Decode(payloads.GetPayloads())
	if err != nil {
		return nil, jobservice.Invalid("the payloads can't be decoded: %v", err)
	}

	return decoded, nil
}

// authorizeOperator requires a key or token in the header Authorization with the right operate in every app.
func (s *Server) authorizeOperator(c *gin.Context) error {
	if _, err := s.keyOf(c, ""); err != nil {
		return err
	}

	if err := s.authenticateHeader(c); err != nil {
		return err
	}

	ids, err := s.options.Apps.IDs()
	if err != nil {
		return err
	}

	for _, id := range ids {
		if _, err = s.authorize(c, "", id, app.Operate); err != nil {
			break
		}
	}

	logOf(c).app = "" // It is about no app.

	if len(ids) == 0 || jobservice.HasCode(err, jobservice.CodeForbidden) {
		return jobservice.NewError(jobservice.CodeForbidden,
			"decoding payloads needs the right operate in every app of the server")
	}

	return err
}
