package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"time"

	"wellspring/graphstore/cached"
	"wellspring/ingest/bridge"
	"wellspring/ingest/mqtt"
	"wellspring/ot2"
)

// Options is everything that can be configured. One name serves flag,
// environment and file: store, --store, WELLSPRING_STORE.
type Options struct {
	DataDir string `koanf:"data-dir" help:"folder of the journal, the embedded graph and the state of processings"`
	Listen  string `koanf:"listen" help:"address of the REST API; without a login it must be on loopback"`
	// A container has to listen on all of its addresses to be reached at all; who
	// may reach it is then up to the published port.
	TrustNetwork bool `koanf:"trust-network" help:"listen beyond loopback without a login: whoever reaches the address may read and write"`

	Login            bool     `koanf:"login" help:"ask for a login on loopback too; beyond it the service always does"`
	TLSCert          string   `koanf:"tls-cert" help:"PEM file of the service's certificate, read again when it changes"`
	TLSKey           string   `koanf:"tls-key" help:"PEM file of the certificate's key"`
	TLSByProxy       bool     `koanf:"tls-by-proxy" help:"a proxy before the service speaks TLS: take logins over plain HTTP beyond loopback"`
	RateLimit        int      `koanf:"rate-limit" help:"most requests a second of one key or person, four times as many at once; 0: no limit"`
	OIDCIssuer       string   `koanf:"oidc-issuer" help:"address of the lab's identity provider (OpenID Connect); empty: none"`
	OIDCClientID     string   `koanf:"oidc-client-id" help:"name under which the identity provider knows this service"`
	OIDCClientSecret string   `koanf:"oidc-client-secret" help:"its secret there; empty: a public client" secret:"true"`
	OIDCRedirect     string   `koanf:"oidc-redirect" help:"address of this service's /callback, as a browser sees it"`
	OIDCRolesClaim   string   `koanf:"oidc-roles-claim" help:"claim that holds the roles, with dots for what lies deeper"`
	OIDCRoles        []string `koanf:"oidc-roles" help:"values of the claim and what they are here, such as lab-staff=operator; empty: the values are names of roles"`
	Token            string   `koanf:"token" help:"API key that commands show the service at --server; better given by the environment than by a flag" secret:"true"`
	ServerCA         string   `koanf:"server-ca" help:"PEM file of the authority that signed the certificate of the service at --server"`

	Store         string `koanf:"store" help:"graph store: sqlite (embedded) or neo4j"`
	SQLiteFile    string `koanf:"sqlite-file" help:"file of the embedded graph in the data folder"`
	Neo4jURI      string `koanf:"neo4j-uri" help:"address of Neo4j, such as neo4j://localhost:7687"`
	Neo4jUser     string `koanf:"neo4j-user" help:"user name at Neo4j; empty: no authentication"`
	Neo4jPassword string `koanf:"neo4j-password" help:"password at Neo4j; better given by the environment than by a flag" secret:"true"`
	Neo4jDatabase string `koanf:"neo4j-database" help:"database name at Neo4j"`

	SecondStore         string `koanf:"second.store" help:"store of a second graph that is filled from the same journal: sqlite or neo4j; empty: none (docs/operating.md)"`
	SecondSQLiteFile    string `koanf:"second.sqlite-file" help:"file of the second graph in the data folder, where it is embedded"`
	SecondNeo4jURI      string `koanf:"second.neo4j-uri" help:"address of the second graph's Neo4j"`
	SecondNeo4jUser     string `koanf:"second.neo4j-user" help:"user name there; empty: no authentication"`
	SecondNeo4jPassword string `koanf:"second.neo4j-password" help:"password there; better given by the environment than by a flag" secret:"true"`
	SecondNeo4jDatabase string `koanf:"second.neo4j-database" help:"database name there"`

	CacheEnabled        bool   `koanf:"cache.enabled" help:"keep answers of the graph store in memory until what they rest on changes"`
	CacheTTLSeconds     int    `koanf:"cache.ttl_seconds" help:"how long an answer is kept at most, seconds; changes by another process show after that"`
	CacheMaxSizeMB      int    `koanf:"cache.max_size_mb" help:"memory that kept answers may take, units of 10^6 bytes"`
	CacheEvictionPolicy string `koanf:"cache.eviction_policy" help:"which answer goes where room is short: lru, the one not asked for longest"`

	ScheduleFsck       string `koanf:"schedules.fsck" help:"when to check journal and graph: an interval, such as 24h, or a cron expression, such as 0 3 * * *; empty: never"`
	ScheduleBackup     string `koanf:"schedules.backup" help:"when to write a backup, as schedules.fsck; empty: never"`
	ScheduleBackupDir  string `koanf:"schedules.backup_dir" help:"folder for scheduled backups, best on another disk"`
	ScheduleBackupKeep int    `koanf:"schedules.backup_keep" help:"how many scheduled backups are kept, the oldest go; 0: all"`

	EvidenceAnchors     []string      `koanf:"evidence.anchors" help:"where signed checkpoints of the evidence log are left outside: file=PATH, webhook=URL, witness=URL, timestamp=URL"`
	EvidenceAnchorEvery time.Duration `koanf:"evidence.anchor-every" help:"how often at most a checkpoint is left at each place, where the log has grown"`
	EvidenceWitnessKeys []string      `koanf:"evidence.witness-keys" help:"public keys of the witnesses among the anchors, NAME+HASH+KEY"`
	EvidenceTimestampCA string        `koanf:"evidence.timestamp-ca" help:"PEM file with the root certificates of the timestamping authorities among the anchors"`
	EvidenceWitnessFor  []string      `koanf:"evidence.witness-for" help:"public keys of other logs, NAME+HASH+KEY, whose checkpoints this service cosigns as a witness"`

	ScheduleRetention string        `koanf:"schedules.retention" help:"when to put old documents aside into files, as schedules.fsck; empty: never"`
	RetentionAge      time.Duration `koanf:"retention.age" help:"how long nobody has said anything of a run, plan, manifest or reading whose documents are put aside, such as 8760h"`

	MQTTURL      string        `koanf:"mqtt-url" help:"broker to listen to, such as tcp://localhost:1883 or ssl://…; empty: none"`
	MQTTClientID string        `koanf:"mqtt-client-id" help:"stable client id; the broker keeps messages for it while the service is away"`
	MQTTTopics   []string      `koanf:"mqtt-topics" help:"topic filters to subscribe to"`
	MQTTMappings string        `koanf:"mqtt-mappings" help:"YAML file that says how a lab's own JSON becomes part of a run; empty: the form that works out of the box alone"`
	MQTTUser     string        `koanf:"mqtt-user" help:"user name at the broker"`
	MQTTPassword string        `koanf:"mqtt-password" help:"password at the broker; better given by the environment than by a flag" secret:"true"`
	MQTTCA       string        `koanf:"mqtt-ca" help:"PEM file of the authority that signed the broker's certificate"`
	MQTTCert     string        `koanf:"mqtt-cert" help:"PEM file of the client certificate"`
	MQTTKey      string        `koanf:"mqtt-key" help:"PEM file of the client certificate's key"`
	BrokerListen string        `koanf:"broker-listen" help:"address of the embedded MQTT broker, such as 127.0.0.1:1883; empty: none"`
	Robot        []string      `koanf:"robot" help:"robots to read over their own HTTP API, each as [NAME=]ADDRESS, such as 169.254.20.7 or left=ot2-left.local"`
	RobotRate    float64       `koanf:"robot-rate" help:"requests a second that one robot is sent at most"`
	RobotPoll    time.Duration `koanf:"robot-poll" help:"how often a robot's run under way is looked at without a hint from its broker"`
	RobotMargin  int           `koanf:"robot-margin" help:"raise the alarm when so few runs can still be started before the robot deletes one that was not read"`
	Webhooks     string        `koanf:"webhooks" help:"YAML file that says who is told of runs, findings, dead letters and alarms (docs/webhooks.md); empty: nobody"`
	To           string        `koanf:"to" help:"address of the central service that the bridge command sends to, such as https://wellspring.lab; with token and server-ca"`
	LabwareDir   string        `koanf:"labware" help:"folder of labware definitions, searched with its subfolders, for logs that carry none"`
	MaxBytes     int64         `koanf:"max-bytes" help:"largest document that is taken, bytes"`
	MaxDepth     int           `koanf:"max-depth" help:"deepest nesting of a document that is taken"`
	MaxCommands  int           `koanf:"max-commands" help:"most commands of a run that are taken"`
	RetryTries   int           `koanf:"retry-tries" help:"how often a failed stage is tried again before the envelope goes to the dead letters"`
	RetryWait    time.Duration `koanf:"retry-wait" help:"time between two tries"`
	Workers      int           `koanf:"workers" help:"how many runs are processed at once"`
	LogLevel     string        `koanf:"log-level" help:"debug, info, warn or error"`
	LogFormat    string        `koanf:"log-format" help:"text or json"`

	OpenLineageURL string `koanf:"openlineage.url" help:"address of a service that keeps OpenLineage, such as https://marquez.lab; our own processing is told there; empty: nowhere"`
	OpenLineageKey string `koanf:"openlineage.key" help:"API key there; better given by the environment than by a flag" secret:"true"`

	TracesEnabled  bool   `koanf:"traces.enabled" help:"send spans by OpenTelemetry; the variables OTEL_… of the environment say where to, how and how many (docs/traces.md)"`
	TracesEndpoint string `koanf:"traces.endpoint" help:"where spans go, OTLP over HTTP, such as http://localhost:4318/v1/traces; empty: as OTEL_EXPORTER_OTLP_ENDPOINT says, else http://localhost:4318"`

	unannounced bool // the address is not written down: nobody else is to use it
}

// DefaultOptions serve a newcomer: everything embedded, on loopback.
func DefaultOptions() Options {
	limits, cache := ot2.DefaultLimits(), cached.DefaultConfig()
	return Options{
		DataDir:        defaultDataDir(),
		Listen:         "127.0.0.1:7117",
		RateLimit:      100,
		OIDCRolesClaim: "roles",
		Store:          "sqlite",
		SQLiteFile:     graphFile,
		Neo4jDatabase:  "neo4j",

		SecondSQLiteFile: graphFile, SecondNeo4jDatabase: "neo4j",

		MQTTClientID: "wellspring",
		MQTTTopics:   []string{"wellspring/v1/#"},
		RobotRate:    40,
		RobotPoll:    time.Second,
		RobotMargin:  5,
		MaxBytes:     limits.Bytes,
		MaxDepth:     limits.Depth,
		MaxCommands:  limits.Commands,
		RetryTries:   3,
		RetryWait:    time.Second,
		Workers:      4,
		LogLevel:     "info",
		LogFormat:    "text",

		ScheduleBackupKeep: 7,

		EvidenceAnchorEvery: time.Hour,

		CacheEnabled:        cache.Enabled,
		CacheTTLSeconds:     cache.TTLSeconds,
		CacheMaxSizeMB:      cache.MaxSizeMB,
		CacheEvictionPolicy: cache.EvictionPolicy,
	}
}

func defaultDataDir() string {
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "wellspring")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "wellspring-data"
	}
	return filepath.Join(home, ".local", "share", "wellspring")
}

// Limits are the bounds of what a decoder takes.
func (o Options) Limits() ot2.Limits {
	return ot2.Limits{Bytes: o.MaxBytes, Depth: o.MaxDepth, Commands: o.MaxCommands}
}

// Validate names every mistake at once.
func (o Options) Validate() error {
	var mistakes []error
	wrong := func(name, format string, args ...any) {
		mistakes = append(mistakes, fmt.Errorf("%s: %s", name, credentials.ReplaceAllString(fmt.Sprintf(format, args...), "********@")))
	}
	o.validateAddresses(wrong)
	if o.DataDir == "" {
		wrong("data-dir", "name a folder")
	}
	o.validateAccess(wrong)
	o.validateAnchors(wrong)
	if o.BrokerListen != "" && !loopback(o.BrokerListen) {
		wrong("broker-listen", "%q is not on loopback; use a broker with a login, such as mosquitto, beyond it", o.BrokerListen)
	}
	o.validateGraphs(wrong)
	if err := o.Cache().Validate(); err != nil {
		for _, mistake := range strings.Split(err.Error(), "\n") {
			mistakes = append(mistakes, errors.New("cache."+mistake))
		}
	}
	o.validateSchedules(wrong)
	if o.MQTTURL != "" {
		if u, err := url.Parse(o.MQTTURL); err != nil || u.Host == "" {
			wrong("mqtt-url", "use an address such as tcp://localhost:1883")
		} else if u.User != nil {
			wrong("mqtt-url", "leave the password out of the address; use mqtt-user and mqtt-password")
		}
		if o.MQTTClientID == "" {
			wrong("mqtt-client-id", "the broker keeps messages by it: name one")
		}
	}
	if o.MQTTMappings != "" {
		if _, err := mqtt.LoadMappings(o.MQTTMappings); err != nil {
			wrong("mqtt-mappings", "%v", err)
		}
	}
	if u, err := url.Parse(o.TracesEndpoint); o.TracesEndpoint != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		wrong("traces.endpoint", "use an address such as http://localhost:4318/v1/traces")
	}
	if u, err := url.Parse(o.OpenLineageURL); o.OpenLineageURL != "" {
		switch {
		case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Fragment != "":
			wrong("openlineage.url", "use an address such as https://marquez.lab")
		case u.Scheme == "http" && !o.TrustNetwork && !loopback(net.JoinHostPort(u.Hostname(), "0")):
			wrong("openlineage.url", "%q is not on loopback: use https, or set trust-network where the network keeps strangers out", u.Host)
		}
	}
	if _, err := o.webhooks(); err != nil {
		wrong("webhooks", "%v", err)
	}
	if u, err := url.Parse(o.To); o.To != "" {
		switch {
		case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil:
			wrong("to", "use an address such as https://wellspring.lab")
		case u.Scheme == "http" && !o.TrustNetwork && !loopback(net.JoinHostPort(u.Hostname(), "0")):
			wrong("to", "%q is not on loopback: use https, or set trust-network where the network keeps strangers out", o.To)
		}
	}
	if _, err := o.robots(); err != nil {
		wrong("robot", "%v", err)
	}
	if o.RobotRate <= 0 || o.RobotRate > 1000 {
		wrong("robot-rate", "must be more than 0 and at most 1000 a second, is %g", o.RobotRate)
	}
	if o.RobotPoll < 50*time.Millisecond || o.RobotPoll > time.Hour {
		wrong("robot-poll", "must be from 50ms to 1h, is %s", o.RobotPoll)
	}
	if o.RobotMargin < 0 || o.RobotMargin >= bridge.Capacity {
		wrong("robot-margin", "must be from 0 to %d, the runs that a robot keeps less one, is %d", bridge.Capacity-1, o.RobotMargin)
	}
	positive := func(name string, v int64) {
		if v < 1 {
			wrong(name, "must be at least 1, is %d", v)
		}
	}
	positive("max-bytes", o.MaxBytes)
	positive("max-depth", int64(o.MaxDepth))
	positive("max-commands", int64(o.MaxCommands))
	positive("workers", int64(o.Workers))
	if o.RetryTries < 0 {
		wrong("retry-tries", "must not be negative")
	}
	if o.RetryWait < 0 {
		wrong("retry-wait", "must not be negative")
	}
	if _, err := parseLevel(o.LogLevel); err != nil {
		wrong("log-level", "%q is none of debug, info, warn, error", o.LogLevel)
	}
	if o.LogFormat != "text" && o.LogFormat != "json" {
		wrong("log-format", "%q is neither text nor json", o.LogFormat)
	}
	return errors.Join(mistakes...)
}

// credentials are user and password in an address.
var credentials = regexp.MustCompile(`[^\s/"'=,]+:[^\s/"'@,]*@`)

// validateAddresses refuses passwords where settings are shown.
func (o Options) validateAddresses(wrong func(name, format string, args ...any)) {
	v := reflect.ValueOf(o)
	for i, s := range Settings() {
		if text := fmt.Sprint(v.Field(i).Interface()); !s.Secret && credentials.MatchString(text) {
			wrong(s.Name, "leave user and password out of the address: settings are shown and logged")
		}
	}
}

// loopback reports whether an address can be reached from this machine only.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func parseLevel(level string) (slog.Level, error) {
	var l slog.Level
	err := l.UnmarshalText([]byte(level))
	return l, err
}
