// Package mqtt is the door for robots and labs that speak MQTT 3.1.1.
//
// On the road of a fact it stands before the journal: a message is acknowledged
// to the broker only once the journal has it, so whatever dies in between, the
// broker sends it again.
//
// It refuses to judge: a payload that can't be read is kept too, for the dead
// letters, because a publisher can't be told.
package mqtt

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	paho "github.com/eclipse/paho.mqtt.golang"

	"wellspring/ingest/intake"
	"wellspring/lineage"
)

// Topics is the topic filter of Wellspring's own topics.
const Topics = "wellspring/v1/#"

// The topics below wellspring/v1; see docs/events.md.
const (
	runTopic  = "wellspring/v1/run/"  // + run id: anything that the robot says about that run
	planTopic = "wellspring/v1/plan/" // + analysis id
)

const (
	// window is how many messages are held between broker and journal.
	window = 256
	// batch is how many messages share one write to the journal.
	batch = 64

	connectTime = 30 * time.Second
	goodbye     = 250 // ms that a disconnect may take
)

// Options say which broker to listen to, and as whom.
type Options struct {
	URL      string    // tcp://, ssl://, ws:// or wss://
	ClientID string    // stable: the broker keeps messages for it
	Topics   []string  // default Topics
	Mappings []Mapping // of labs' own topics, which are listened to as well; nil: LabMappings
	User     string
	Password string
	TLS      *tls.Config // for ssl:// and wss://; nil: the system's authorities
	Logger   *slog.Logger
	Clock    func() time.Time // default time.Now
	// OnConnection is told when the broker has granted the topics, and when it is lost.
	OnConnection func(up bool)
}

// Acceptor takes messages; intake.Intake does.
type Acceptor interface {
	Accept(ctx context.Context, messages ...intake.Message) ([]intake.Receipt, error)
}

// Door listens to one broker.
type Door struct {
	options Options
	intake  Acceptor
	arrived chan paho.Message
}

// New returns a Door; Run opens it.
func New(options Options, in Acceptor) (*Door, error) {
	const op = "open MQTT door"
	u, err := url.Parse(options.URL)
	if err != nil || u.Host == "" {
		return nil, lineage.Invalid(op, options.URL, "use an address such as tcp://127.0.0.1:1883 or ssl://broker.lab:8883")
	}
	if options.ClientID == "" {
		return nil, lineage.Invalid(op, "client id", "name one that stays the same: the broker keeps messages for it")
	}
	if len(options.Topics) == 0 {
		options.Topics = []string{Topics}
	}
	for _, topic := range options.Topics {
		switch {
		case strings.HasPrefix(topic, "$share/"):
			return nil, lineage.Invalid(op, "topic "+topic, "one client takes all messages of a run, in order: subscribe without $share")
		case topic == "" || strings.ContainsAny(topic, " \x00"):
			return nil, lineage.Invalid(op, "topic "+topic, "use a topic filter without spaces")
		}
	}
	if options.Mappings == nil {
		options.Mappings = LabMappings()
	}
	for _, mapping := range options.Mappings {
		if err := mapping.validate(); err != nil {
			return nil, err
		}
	}
	if options.Clock == nil {
		options.Clock = time.Now
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.OnConnection == nil {
		options.OnConnection = func(bool) {}
	}
	return &Door{options: options, intake: in, arrived: make(chan paho.Message, window)}, nil
}

// Run listens until ctx ends. A broker that is away, or refuses the login, is
// tried again and again, and the log says so; one that refuses the topics is an
// error.
func (d *Door) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	listening := d.options.Logger.With("broker", redacted(d.options.URL))
	refused := make(chan error, 1)
	client := paho.NewClient(d.clientOptions(ctx, listening, refused))
	client.Connect() // ConnectRetry: it goes on by itself
	err := d.work(ctx, refused)
	cancel() // lets go of a handler that waits for room
	client.Disconnect(goodbye)
	return err
}

func (d *Door) clientOptions(ctx context.Context, logger *slog.Logger, refused chan<- error) *paho.ClientOptions {
	filters := make(map[string]byte, len(d.options.Topics)+len(d.options.Mappings))
	for _, mapping := range d.options.Mappings {
		filters[mapping.filter()] = 1
	}
	for _, topic := range d.options.Topics {
		filters[topic] = 1
	}
	o := paho.NewClientOptions().
		AddBroker(d.options.URL).
		SetClientID(d.options.ClientID).
		SetUsername(d.options.User).SetPassword(d.options.Password).
		SetCleanSession(false).   // the broker keeps messages while we are away
		SetAutoAckDisabled(true). // we acknowledge, after the journal
		SetOrderMatters(true).    // one run's messages stay in order
		SetConnectRetry(true).SetConnectRetryInterval(time.Second).
		SetAutoReconnect(true).SetMaxReconnectInterval(10 * time.Second).
		SetConnectTimeout(connectTime).
		SetDefaultPublishHandler(func(_ paho.Client, m paho.Message) {
			select {
			case d.arrived <- m: // full: the broker waits
			case <-ctx.Done():
			}
		}).
		SetOnConnectHandler(func(client paho.Client) {
			token := client.SubscribeMultiple(filters, nil)
			go func() {
				<-token.Done()
				switch err := d.granted(token, logger); {
				case err == nil:
					logger.Info("listening to the broker", "topics", slices.Sorted(maps.Keys(filters)))
					d.options.OnConnection(true)
				case client.IsConnectionOpen():
					select {
					case refused <- err:
					default:
					}
				}
			}()
		}).
		SetConnectionNotificationHandler(func(_ paho.Client, n paho.ConnectionNotification) {
			if failed, ok := n.(paho.ConnectionNotificationBrokerFailed); ok {
				logger.Warn("the broker can't be reached or refuses the login; trying again", "error", failed.Reason)
			}
		}).
		SetConnectionLostHandler(func(_ paho.Client, err error) {
			logger.Warn("lost the broker; trying again", "error", err)
			d.options.OnConnection(false)
		})
	if d.options.TLS != nil {
		o.SetTLSConfig(d.options.TLS)
	}
	return o
}

// granted says why a subscription was not granted. A lab that has no such
// topics may refuse the mappings'.
func (d *Door) granted(token paho.Token, logger *slog.Logger) error {
	const op = "subscribe"
	if err := token.Error(); err != nil {
		return &lineage.Error{Op: op, Kind: lineage.ErrorUnavailable, Hint: "may this user subscribe to these topics?", Err: err}
	}
	const failure = 0x80
	if sub, ok := token.(*paho.SubscribeToken); ok {
		for topic, code := range sub.Result() {
			switch {
			case code != failure:
			case !slices.Contains(d.options.Topics, topic):
				logger.Warn("the broker refuses the topics of a mapping", "topic", topic)
			default:
				return &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: "topic " + topic, Hint: "the broker refuses it: may this user subscribe to it?"}
			}
		}
	}
	return nil
}

// work has the journal keep what arrived and then acknowledges it, in order.
func (d *Door) work(ctx context.Context, refused <-chan error) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-refused:
			return err
		case first := <-d.arrived:
			if err := d.take(ctx, d.gather(first)); err != nil {
				if ctx.Err() != nil {
					return nil //nolint:nilerr // the service ends; not acknowledged, the broker sends it again
				}
				return err
			}
		}
	}
}

// gather adds what arrived meanwhile.
func (d *Door) gather(first paho.Message) []paho.Message {
	messages := []paho.Message{first}
	for len(messages) < batch {
		select {
		case m := <-d.arrived:
			messages = append(messages, m)
		default:
			return messages
		}
	}
	return messages
}

// take tries until the journal has the messages: the broker holds what follows.
func (d *Door) take(ctx context.Context, messages []paho.Message) error {
	taken := make([]intake.Message, len(messages))
	for i, m := range messages {
		taken[i] = d.message(m.Topic(), m.Payload())
	}
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		_, err := d.intake.Accept(ctx, taken...)
		return struct{}{}, err
	}, backoff.WithMaxElapsedTime(0), backoff.WithNotify(func(err error, wait time.Duration) {
		d.options.Logger.Error("the journal did not take messages; trying again", "messages", len(messages), "wait", wait, "error", err)
	}))
	if err != nil {
		return err
	}
	for _, m := range messages {
		m.Ack()
	}
	return nil
}

// message is what a topic and a payload say.
func (d *Door) message(topic string, payload []byte) intake.Message {
	m := intake.Message{Door: "mqtt", Payload: payload, Policy: intake.Lenient, Name: topic}
	if id, ok := strings.CutPrefix(topic, runTopic); ok {
		m.Subject = string(lineage.RunOwner(id))
	} else if id, ok := strings.CutPrefix(topic, planTopic); ok {
		m.Subject = string(lineage.PlanOwner(id))
	}
	for _, mapping := range d.options.Mappings {
		levels, ok := mapping.match(topic)
		if !ok || intake.IsCloudEvent(payload) {
			continue
		}
		m.Origin = topic
		m.Document, m.Fault = mapping.document(topic, levels, payload, d.options.Clock())
		break
	}
	return m
}

// redacted is a broker's address without a password.
func redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return cmp.Or(strings.TrimSpace(address), "unknown")
	}
	return u.Redacted()
}
