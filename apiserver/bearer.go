package apiserver

import (
	"errors"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/apiserver/oidc"
	"github.com/jobwright/jobwright/apiserver/token"
	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/app/apikey"
	"github.com/jobwright/jobwright/jobservice"
)

// bearer is a verified access token.
type bearer struct {
	text   string
	issued token.Token    // Of a token that an API server has issued.
	claims map[string]any // Of a token of the identity provider; nil for others.
}

const bearerKey = "bearer"

// hasTokenForm reports whether a text can be an access token, a JSON Web Token. A key can have this form too.
func hasTokenForm(text string) bool { return strings.Count(text, ".") == 2 }

// verifyToken verifies an access token, once for each call.
func (s *Server) verifyToken(c *gin.Context, text string) (*bearer, error) {
	if verified, ok := c.Value(bearerKey).(*bearer); ok && verified.text == text {
		return verified, nil
	}

	verified := &bearer{text: text}

	var err error
	if verified.issued, err = s.tokens.Verify(text); errors.Is(err, token.ErrNotIssued) && s.options.IdentityProvider != nil {
		verified.claims, err = s.options.IdentityProvider.Verify(c.Request.Context(), text)
	}

	if err != nil {
		return nil, s.tokenRefused(c, err)
	}

	c.Set(bearerKey, verified)

	return verified, nil
}

// tokenRefused returns the error for a token that is not valid. The log has the reason.
func (s *Server) tokenRefused(c *gin.Context, reason error) error {
	logOf(c).err = reason

	switch {
	case errors.Is(reason, token.ErrExpired), errors.Is(reason, oidc.ErrExpired):
		return jobservice.NewError(codeTokenExpired, "the access token has expired; get a new one")
	case errors.Is(reason, oidc.ErrUnavailable):
		return jobservice.NewError(codeIdentityProviderUnavailable,
			"the keys of the identity provider are not available at the moment; repeat the call").RepeatAfter(retryAfter)
	default:
		return s.authenticationFailed(c, jobservice.NewError(codeUnauthorized, "the access token is invalid"))
	}
}

// accessOfToken returns the access that a token has to the app, which is nil if there is no such app.
func (s *Server) accessOfToken(c *gin.Context, found *app.App, appID, text string) (app.Access, error) {
	verified, err := s.verifyToken(c, text)
	if err != nil {
		return app.Access{}, err
	}

	if verified.claims != nil {
		if found != nil {
			if access, ok := found.LookupClaims(verified.claims); ok {
				return access, nil
			}
		}

		return app.Access{}, jobservice.NewError(jobservice.CodeForbidden,
			"the claims of this access token have no access to app %s", appID)
	}

	if found == nil || verified.issued.App != appID {
		return app.Access{}, jobservice.NewError(jobservice.CodeForbidden, "this access token is not for app %s", appID)
	}

	if s.isForLoopbackKey(verified.issued) && isFromLoopback(c) {
		return app.Unlimited(verified.issued.Access), nil
	}

	access, err := found.LookupDigest(verified.issued.IsFor)
	if errors.Is(err, app.ErrUnknownKey) {
		err = jobservice.NewError(codeUnauthorized, "the key that this access token was issued for has been removed")
	} else if err != nil {
		err = keyRefused(err)
	}

	return access, err
}

// isForLoopbackKey reports whether a token was issued for a loopback key.
func (s *Server) isForLoopbackKey(issued token.Token) bool {
	for _, key := range []string{s.options.LoopbackKey, s.options.WellKnownKey} {
		if key != "" && issued.IsFor(apikey.DigestOf(key)) {
			return true
		}
	}

	return false
}
