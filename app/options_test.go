package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"wellspring/graphstore/cached"
)

// clean takes the settings out of the environment for one test.
func clean(t *testing.T) {
	t.Helper()
	for _, s := range Settings() {
		if _, set := os.LookupEnv(s.Env); set {
			t.Setenv(s.Env, "") // restores it at the end
			if err := os.Unsetenv(s.Env); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestOneNameServesFileEnvironmentAndFlagInThatOrder(t *testing.T) {
	clean(t)
	file := filepath.Join(t.TempDir(), "wellspring.yaml")
	write(t, file, "workers: 7\nretry-wait: 5s\nmqtt-topics: [a/#, b]\nlog-level: warn\n")
	t.Setenv("WELLSPRING_LOG_LEVEL", "error")
	t.Setenv("WELLSPRING_MAX_DEPTH", "9")
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	AddFlags(flags)
	if err := flags.Parse([]string{"--max-depth", "11"}); err != nil {
		t.Fatal(err)
	}
	got, err := Load(file, flags)
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultOptions()
	want.Workers, want.RetryWait, want.MQTTTopics = 7, 5*time.Second, []string{"a/#", "b"} // file
	want.LogLevel = "error"                                                                // environment over file
	want.MaxDepth = 11                                                                     // flag over environment
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Options{})); diff != "" {
		t.Error(diff)
	}
}

func TestAGroupInTheFileIsItsDottedNames(t *testing.T) {
	clean(t)
	file := filepath.Join(t.TempDir(), "wellspring.yaml")
	write(t, file, "cache: {enabled: true, ttl_seconds: 60, max_size_mb: 5}\ncache.eviction_policy: lru\n")
	t.Setenv("WELLSPRING_CACHE_MAX_SIZE_MB", "7")
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	AddFlags(flags)
	if err := flags.Parse([]string{"--cache.enabled=false"}); err != nil {
		t.Fatal(err)
	}
	got, err := Load(file, flags)
	if err != nil {
		t.Fatal(err)
	}
	want := cached.CacheConfig{Enabled: false, TTLSeconds: 60, MaxSizeMB: 7, EvictionPolicy: "lru"}
	if diff := cmp.Diff(want, got.Cache()); diff != "" {
		t.Error(diff)
	}
	write(t, file, "cache: {size: 1}\n")
	if _, err := Load(file, nil); err == nil || !strings.Contains(err.Error(), "cache.size") {
		t.Errorf("got %v, want an error that names cache.size", err)
	}
}

func TestListsFromTheEnvironmentAreSplitAtCommas(t *testing.T) {
	clean(t)
	t.Setenv("WELLSPRING_MQTT_TOPICS", "x,y/#")
	got, err := Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"x", "y/#"}, got.MQTTTopics); diff != "" {
		t.Error(diff)
	}
}

func TestARelativeDataFolderIsTakenFromHere(t *testing.T) {
	clean(t)
	t.Chdir(t.TempDir())
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("WELLSPRING_DATA_DIR", "data")
	got, err := Load("", nil)
	if err != nil || got.DataDir != filepath.Join(here, "data") {
		t.Errorf("got %q, %v", got.DataDir, err)
	}
}

func TestAMistypedSettingIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "wellspring.yaml")
	write(t, file, "wokers: 7\n")
	if _, err := Load(file, nil); err == nil || !strings.Contains(err.Error(), "wokers") {
		t.Errorf("got %v, want an error that names wokers", err)
	}
}

func TestATrustedNetworkMayBeListenedTo(t *testing.T) {
	o := DefaultOptions()
	o.Listen, o.TrustNetwork = "0.0.0.0:7117", true
	if err := o.Validate(); err != nil {
		t.Error(err)
	}
}

func TestEveryMistakeIsListedAtOnce(t *testing.T) {
	o := DefaultOptions()
	o.Listen, o.Store, o.Workers, o.LogFormat = "0.0.0.0:80", "oracle", 0, "xml"
	o.CacheTTLSeconds, o.CacheEvictionPolicy = 0, "fifo"
	err := o.Validate()
	if err == nil {
		t.Fatal("took nonsense")
	}
	for _, name := range []string{"listen", "store", "workers", "log-format", "cache.ttl_seconds", "cache.eviction_policy"} {
		if !strings.Contains(err.Error(), name+":") {
			t.Errorf("%q does not name %s", err, name)
		}
	}
}

func TestSecretsAreMasked(t *testing.T) {
	o := DefaultOptions()
	o.Neo4jPassword, o.MQTTPassword = "planted-secret", "planted-secret"
	for name, value := range o.InForce() {
		if value == "planted-secret" {
			t.Errorf("%s shows its secret", name)
		}
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A command's own flag is not the setting that has the same name.
func TestACommandsOwnFlagIsNoSetting(t *testing.T) {
	settings, own := pflag.NewFlagSet("settings", pflag.ContinueOnError), pflag.NewFlagSet("own", pflag.ContinueOnError)
	AddFlags(settings)
	own.String("to", "", "until then")
	for _, flags := range []*pflag.FlagSet{settings, own} {
		if err := flags.Parse([]string{"--to", "https://wellspring.lab"}); err != nil {
			t.Fatal(err)
		}
	}
	for want, flags := range map[string]*pflag.FlagSet{"https://wellspring.lab": settings, "": own} {
		o, err := Load("", flags)
		if err != nil || o.To != want {
			t.Errorf("to is %q, %v; want %q", o.To, err, want)
		}
	}
}
