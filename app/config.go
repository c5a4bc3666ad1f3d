package app

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/providers/structs"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"

	"wellspring/lineage"
)

const (
	envPrefix = "WELLSPRING_"
	tag       = "koanf"
)

// Setting is one field of Options as a person meets it.
type Setting struct {
	Name    string // flag and YAML key
	Env     string
	Help    string
	Secret  bool
	Default any
}

// Settings lists every setting with its default, in the order of Options.
func Settings() []Setting {
	defaults := reflect.ValueOf(DefaultOptions())
	var settings []Setting
	for i := range defaults.NumField() {
		field := defaults.Type().Field(i)
		if !field.IsExported() {
			continue
		}
		name := field.Tag.Get(tag)
		settings = append(settings, Setting{
			Name:    name,
			Env:     envPrefix + strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(name)),
			Help:    field.Tag.Get("help"),
			Secret:  field.Tag.Get("secret") == "true",
			Default: defaults.Field(i).Interface(),
		})
	}
	return settings
}

// usage is what the setting's flag says of itself.
func (s Setting) usage() string { return s.Help + " [" + s.Env + "]" }

// AddFlags gives flags one flag a setting.
func AddFlags(flags *pflag.FlagSet) {
	for _, s := range Settings() {
		help := s.usage()
		switch def := s.Default.(type) {
		case string:
			flags.String(s.Name, def, help)
		case []string:
			flags.StringSlice(s.Name, def, help)
		case int:
			flags.Int(s.Name, def, help)
		case int64:
			flags.Int64(s.Name, def, help)
		case float64:
			flags.Float64(s.Name, def, help)
		case bool:
			flags.Bool(s.Name, def, help)
		case time.Duration:
			flags.Duration(s.Name, def, help)
		default:
			panic(fmt.Sprintf("setting %s has a type without a flag: %T", s.Name, def))
		}
	}
}

// Load reads the options in force: defaults, then the YAML file, then the
// environment, then the flags that were set. A name that does not exist is an
// error: a mistyped setting must not be a silent one.
func Load(file string, flags *pflag.FlagSet) (Options, error) {
	const op = "read configuration"
	k := koanf.New("\x00") // no nesting: every name is flat
	if err := k.Load(structs.Provider(DefaultOptions(), tag), nil); err != nil {
		return Options{}, &lineage.Error{Op: op, Kind: lineage.ErrorInternal, Err: err}
	}
	known, byEnv := map[string]Setting{}, map[string]Setting{}
	for _, s := range Settings() {
		known[s.Name], byEnv[s.Env] = s, s
	}
	if file != "" {
		values, err := readFile(file, known)
		if err != nil {
			return Options{}, err
		}
		if err := k.Load(confmap.Provider(values, ""), nil); err != nil {
			return Options{}, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: file, Err: err}
		}
	}
	fromEnv := env.Provider("\x00", env.Opt{
		Prefix: envPrefix,
		TransformFunc: func(key, value string) (string, any) {
			setting, ok := byEnv[key]
			if !ok {
				return "", nil // other tools of ours use the prefix too
			}
			if _, list := setting.Default.([]string); list {
				return setting.Name, strings.Split(value, ",")
			}
			return setting.Name, value
		},
	})
	if err := k.Load(fromEnv, nil); err != nil {
		return Options{}, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: "environment", Err: err}
	}
	if flags != nil {
		set := posflag.ProviderWithFlag(flags, "\x00", k, func(f *pflag.Flag) (string, any) {
			// A command may have a flag of its own under a setting's name.
			if s, ok := known[f.Name]; !ok || !f.Changed || f.Usage != s.usage() {
				return "", nil
			}
			return f.Name, posflag.FlagVal(flags, f)
		})
		if err := k.Load(set, nil); err != nil {
			return Options{}, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: "flags", Err: err}
		}
	}
	var options Options
	var err error
	if err = k.Unmarshal("", &options); err != nil {
		return Options{}, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, Hint: "wellspring config --help lists every setting with its type", Err: err}
	}
	if err := options.Validate(); err != nil {
		return Options{}, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, Err: err}
	}
	// SQLite is told by URI, which has no relative paths.
	if options.DataDir, err = filepath.Abs(options.DataDir); err != nil {
		return Options{}, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: "data-dir", Hint: "name it with its full path", Err: err}
	}
	return options, nil
}

func readFile(file string, known map[string]Setting) (map[string]any, error) {
	const op = "read configuration"
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: file, Hint: "name a file that can be read with config", Err: err}
	}
	values := map[string]any{}
	if err := yaml.Unmarshal(text, &values); err != nil {
		return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: file, Err: err}
	}
	// cache: {enabled: true} is cache.enabled: true.
	for name, value := range maps.Clone(values) {
		if group, ok := value.(map[string]any); ok {
			delete(values, name)
			for key, value := range group {
				values[name+"."+key] = value
			}
		}
	}
	for name := range values {
		if _, ok := known[name]; !ok {
			return nil, &lineage.Error{Op: op, Kind: lineage.ErrorInvalid, ID: file + ": " + name, Hint: "no such setting; wellspring config lists them"}
		}
	}
	return values, nil
}

// InForce lists the options' values by name, secrets masked.
func (o Options) InForce() map[string]any {
	values := map[string]any{}
	v := reflect.ValueOf(o)
	for i, s := range Settings() {
		value := v.Field(i).Interface()
		if d, ok := value.(time.Duration); ok {
			value = d.String()
		}
		if s.Secret && value != "" {
			value = "********"
		}
		values[s.Name] = value
	}
	return values
}
