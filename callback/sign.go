package callback

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/jobwright/jobwright/source/secret"
)

// secretPrefix begins every secret.
const secretPrefix = "whsec_"

// Bounds of a secret, in bytes before its encoding.
const (
	minSecret = 24
	maxSecret = 64
)

// sign adds the headers of Standard Webhooks to a request: one signature for each secret.
func sign(headers http.Header, id string, at time.Time, body []byte, secrets []string) error {
	var signatures []string

	for _, secret := range secrets {
		signer, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			return err
		}

		signature, err := signer.Sign(id, at, body)
		if err != nil {
			return err
		}

		signatures = append(signatures, signature)
	}

	headers.Set(standardwebhooks.HeaderWebhookID, id)
	headers.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	headers.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))

	return nil
}

// readSecrets reads the secrets to which app.yaml refers. Errors don't contain them.
func readSecrets(references []string) ([]string, error) {
	if len(references) == 0 {
		return nil, errors.New("app.yaml has no secret for callbacks")
	}

	var secrets []string

	for _, text := range references {
		reference, _ := secret.Parse(text)

		read, err := reference.Read()
		if err != nil {
			return nil, err
		}

		read = strings.TrimSpace(read)

		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(read, secretPrefix))
		if !strings.HasPrefix(read, secretPrefix) || err != nil || len(key) < minSecret || len(key) > maxSecret {
			return nil, fmt.Errorf("the secret %s must be %s and the base64 of %d to %d random bytes",
				reference, secretPrefix, minSecret, maxSecret)
		}

		secrets = append(secrets, read)
	}

	return secrets, nil
}
