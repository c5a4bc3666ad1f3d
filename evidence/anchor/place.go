package anchor

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/digitorus/timestamp"
	"golang.org/x/net/http/httpproxy"

	"wellspring/evidence"
	"wellspring/lineage"
)

// Place is where checkpoints are left: a file's name, or an address.
type Place struct{ Kind, Address string }

// ParsePlace reads KIND=ADDRESS. Over the network it takes https only, beyond
// loopback; but timestamps, which prove themselves, over http too.
func ParsePlace(text string) (Place, error) {
	wrong := func(hint string) (Place, error) {
		return Place{}, lineage.Invalid("read anchor", text, hint)
	}
	kind, address, _ := strings.Cut(text, "=")
	p := Place{kind, address}
	switch kind {
	case evidence.AnchorFile:
		if !filepath.IsAbs(address) {
			return wrong("name the file with its full path")
		}
		return p, nil
	case evidence.AnchorWebhook, evidence.AnchorWitness, evidence.AnchorTimestamp:
	default:
		return wrong("use file=PATH, webhook=URL, witness=URL or timestamp=URL")
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return wrong("use an address such as https://witness.lab.example")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return wrong("leave user, password, query and fragment out of the address: it is shown in metrics and packages")
	}
	if u.Scheme == "http" && kind != evidence.AnchorTimestamp && !local(u.Hostname()) {
		return wrong("use https beyond loopback")
	}
	return p, nil
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// appendTo adds a checkpoint and an empty line to a file, or nothing.
func appendTo(path string, checkpoint []byte) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return &lineage.Error{Op: "leave checkpoint", Kind: lineage.ErrorUnavailable, ID: path, Err: err}
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.Write(append(checkpoint[:len(checkpoint):len(checkpoint)], '\n'))
		if err = errors.Join(err, f.Sync()); err != nil {
			err = errors.Join(err, f.Truncate(info.Size()))
		}
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return &lineage.Error{Op: "leave checkpoint", Kind: lineage.ErrorUnavailable, ID: path, Err: err}
	}
	return nil
}

const (
	answerTime = 30 * time.Second
	mostAnswer = 64 << 10
)

// client asks places outside. It follows nobody elsewhere, and goes to no address
// of the link itself, where clouds keep their secrets.
var client = http.Client{
	Timeout:       answerTime,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport: &http.Transport{
		DisableKeepAlives: true, // it is asked once an hour
		Proxy:             proxy,
		DialContext: (&net.Dialer{Timeout: answerTime, Control: func(_, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil || forbidden(at.Addr()) {
				return fmt.Errorf("%s is no address that a checkpoint is sent to", address)
			}
			return nil
		}}).DialContext,
	},
}

func forbidden(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified()
}

// proxy is the one that the environment names for an address (HTTPS_PROXY, HTTP_PROXY,
// NO_PROXY), as it is now; to names that a proxy looks up it is the proxy that decides.
func proxy(r *http.Request) (*url.URL, error) {
	if ip, err := netip.ParseAddr(r.URL.Hostname()); err == nil && forbidden(ip) {
		return nil, fmt.Errorf("%s is no address that a checkpoint is sent to", r.URL.Hostname())
	}
	return httpproxy.FromEnvironment().ProxyFunc()(r.URL)
}

// post sends a body and returns a bounded answer. Another status than 200 to 204 is a *refusal.
func (p Place) post(ctx context.Context, mediaType string, body []byte) ([]byte, error) {
	failed := func(err error) error {
		return &lineage.Error{Op: "leave checkpoint", Kind: lineage.ErrorUnavailable, ID: p.Address, Err: err}
	}
	address := p.Address
	if p.Kind == evidence.AnchorWitness {
		address = strings.TrimSuffix(address, "/") + "/add-checkpoint"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, failed(err)
	}
	request.Header.Set("Content-Type", mediaType)
	response, err := client.Do(request)
	if err != nil {
		return nil, failed(err)
	}
	defer func() { _ = response.Body.Close() }() // it was only read
	answer, err := io.ReadAll(io.LimitReader(response.Body, mostAnswer+1))
	switch {
	case err != nil:
		return nil, failed(err)
	case len(answer) > mostAnswer:
		return nil, failed(errors.New("its answer has no end"))
	case response.StatusCode < 200 || response.StatusCode > 204:
		return nil, failed(&refusal{response.StatusCode, answer})
	}
	return answer, nil
}

// refusal is an answer of another status.
type refusal struct {
	status int
	body   []byte
}

func (r *refusal) Error() string {
	return fmt.Sprintf("it answered %d %s: %.200q", r.status, http.StatusText(r.status), r.body)
}

// stamp has a checkpoint timestamped (RFC 3161, over HTTP as in 3.4).
func (p Place) stamp(ctx context.Context, checkpoint []byte) ([]byte, error) {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	nonce := new(big.Int).SetUint64(binary.BigEndian.Uint64(random[:]))
	digest := sha256.Sum256(checkpoint)
	request, err := (&timestamp.Request{HashAlgorithm: crypto.SHA256, HashedMessage: digest[:], Certificates: true, Nonce: nonce}).Marshal()
	if err != nil {
		return nil, &lineage.Error{Op: "ask for timestamp", Kind: lineage.ErrorInternal, Err: err}
	}
	answer, err := p.post(ctx, "application/timestamp-query", request)
	if err != nil {
		return nil, err
	}
	stamp, err := timestamp.ParseResponse(answer)
	if err == nil && (stamp.Nonce == nil || stamp.Nonce.Cmp(nonce) != 0) {
		err = errors.New("it answers another request")
	}
	if err != nil {
		return nil, &lineage.Error{Op: "ask for timestamp", Kind: lineage.ErrorUnavailable, ID: p.Address, Err: err}
	}
	return answer, nil
}

// cosignature asks a witness. One that has seen another size than we believe
// says which; then the proof is made from that one.
func (k *Keeper) cosignature(ctx context.Context, p Place, old, size int64, checkpoint []byte) ([]byte, error) {
	for asked := false; ; asked = true {
		s := evidence.Submission{Old: old, Checkpoint: checkpoint}
		var err error
		if old > 0 {
			if s.Proof, err = k.log.ProveGrowth(ctx, old, size); err != nil {
				return nil, err
			}
		}
		line, err := p.post(ctx, "text/plain; charset=utf-8", s.Text())
		var refused *refusal
		if !errors.As(err, &refused) {
			return line, err
		}
		contradicted := func(hint string) error {
			return &lineage.Error{Op: "leave checkpoint", Kind: lineage.ErrorConflict, ID: p.Address, Hint: hint, Err: refused}
		}
		switch refused.status {
		case http.StatusUnprocessableEntity:
			return nil, contradicted("the witness saw a log that this one does not go on from")
		case http.StatusConflict:
			seen, sizeErr := strconv.ParseInt(strings.TrimSpace(string(refused.body)), 10, 64)
			if sizeErr != nil || seen < 0 {
				return nil, err
			}
			if seen > size {
				return nil, contradicted(fmt.Sprintf("the witness saw a log of %d entries, and this one has %d: was it cut, or restored from a backup?", seen, size))
			}
			if asked {
				return nil, contradicted("the witness saw another log of this size")
			}
			old = seen
		default:
			return nil, err
		}
	}
}
