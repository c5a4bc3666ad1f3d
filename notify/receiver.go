package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"wellspring/lineage"
)

// Webhook is somebody who is told, of the configuration.
type Webhook struct {
	Name    string // in metrics, logs and commands
	URL     string
	Secrets []string // whsec_…; each signs, so that one can follow another. None: not signed
	Kinds   []Kind   // none: all
	TLS     *tls.Config

	// OpenLineage: it keeps lineage, and is told of our own processing instead, with
	// Key as its API key.
	OpenLineage bool
	Key         string
}

// receiver is a Webhook at work.
type receiver struct {
	name    string
	address *url.URL
	kinds   []Kind
	lineage bool
	key     string
	signers []*standardwebhooks.Webhook
	http    *http.Client
	agent   string
	clock   func() time.Time

	bell                             chan struct{}
	sent, failures, givenUp, dropped atomic.Int64
	trouble                          atomic.Pointer[string] // why the last try failed; nil: it did not
	lastSent                         atomic.Pointer[time.Time]
	tries                            tries
}

// answerBytes of an answer that is no yes are shown.
const answerBytes = 300

func newReceiver(w Webhook, options Options) (*receiver, error) {
	const op = "open webhook"
	address, err := parseAddress(w.URL)
	if err != nil {
		return nil, lineage.Invalid(op, w.Name, err.Error())
	}
	r := &receiver{
		name: w.Name, address: address, kinds: w.Kinds, lineage: w.OpenLineage, key: w.Key, agent: strings.TrimSuffix("wellspring/"+options.Version, "/"), clock: options.Clock, bell: make(chan struct{}, 1),
		http: &http.Client{
			Timeout:   options.Answer,
			Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: w.TLS, MaxResponseHeaderBytes: 64 << 10, IdleConnTimeout: time.Minute},
			// Somewhere else may be anywhere; and a yes from there is none.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	for _, secret := range w.Secrets {
		signer, err := standardwebhooks.NewWebhook(secret)
		if err != nil { // it quotes a part of the secret
			return nil, lineage.Invalid(op, w.Name, "write the secret as whsec_ and base64")
		}
		r.signers = append(r.signers, signer)
	}
	return r, nil
}

// parseAddress reads the address of a webhook. Its errors don't show it: it may hold a secret.
func parseAddress(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return nil, errors.New("use an address such as https://lims.lab/hooks/wellspring")
	case u.User != nil:
		return nil, errors.New("leave the password out of the address: who receives knows us by the signature")
	case u.Fragment != "":
		return nil, errors.New("leave the # and what follows out of the address")
	}
	return u, nil
}

// to is the address as anybody may see it: a path or a query may hold a secret.
func (r *receiver) to() string { return r.address.Scheme + "://" + r.address.Host }

func (r *receiver) wants(k Kind) bool {
	return r.lineage == (k == lineageRun) && (len(r.kinds) == 0 || slices.Contains(r.kinds, k))
}

// ring wakes the sender.
func (r *receiver) ring() {
	select {
	case r.bell <- struct{}{}:
	default:
	}
}

// answerError is an answer that is no yes.
type answerError struct {
	status int
	after  time.Duration // when to ask again, by its word; 0: it does not say
	text   string
}

func (e *answerError) Error() string { return e.text }

// post tries once.
func (r *receiver) post(ctx context.Context, l *letter) (err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.address.String(), bytes.NewReader(l.body))
	if err != nil {
		return errors.New("the request can't be made")
	}
	request.Header.Set("User-Agent", r.agent)
	if err := r.introduce(request.Header, l); err != nil {
		return err
	}
	response, err := r.http.Do(request)
	if err != nil {
		var failure *url.Error // it shows the whole address
		if errors.As(err, &failure) {
			err = failure.Err
		}
		return fmt.Errorf("%s: %w", r.to(), err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	text, _ := io.ReadAll(io.LimitReader(response.Body, answerBytes))
	if response.StatusCode/100 == 2 {
		return nil
	}
	no := &answerError{status: response.StatusCode, text: strings.TrimSpace(fmt.Sprintf("%s answers %s: %s", r.to(), response.Status, strings.ToValidUTF8(string(text), "")))}
	if response.StatusCode/100 == 3 {
		no.text = fmt.Sprintf("%s answers %s: redirects are not followed, give the address where it is", r.to(), response.Status)
	}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		no.after = time.Duration(min(seconds, 86_400)) * time.Second
	}
	return no
}

// introduce says what it is and from whom: by an API key, or by Standard Webhooks.
func (r *receiver) introduce(header http.Header, l *letter) error {
	if r.lineage {
		header.Set("Content-Type", "application/json")
		if r.key != "" {
			header.Set("Authorization", "Bearer "+r.key)
		}
		return nil
	}
	header.Set("Content-Type", "application/cloudevents+json; charset=utf-8")
	at := r.clock()
	header.Set(standardwebhooks.HeaderWebhookID, l.id)
	header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	var signatures []string
	for _, s := range r.signers {
		signature, err := s.Sign(l.id, at, l.body)
		if err != nil {
			return errors.New("the notice can't be signed")
		}
		signatures = append(signatures, signature)
	}
	if len(signatures) > 0 {
		header.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	}
	return nil
}
