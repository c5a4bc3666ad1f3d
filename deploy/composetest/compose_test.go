package composetest

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/types"
)

// root is the folder of docker-compose.yml.
const root = "../.."

// load returns the project as Compose would run it with these variables, and
// with nothing from the environment of the test.
func load(t *testing.T, variables ...string) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join(root, "docker-compose.yml")},
		cli.WithWorkingDirectory(root), cli.WithEnv(variables), cli.WithResolvedPaths(true), cli.WithConsistency(true))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

// value is what a service's environment says; "" also where it says nothing.
func value(service types.ServiceConfig, name string) string {
	if v := service.Environment[name]; v != nil {
		return *v
	}
	return ""
}

func TestItIsValidAndWhole(t *testing.T) {
	project := load(t)
	if err := project.CheckContainerNameUnicity(); err != nil {
		t.Error(err)
	}
	want := []string{"grafana", "mosquitto", "neo4j", "prometheus", "wellspring"}
	if got := slices.Sorted(maps.Keys(project.Services)); !slices.Equal(got, want) {
		t.Errorf("services are %v, want %v", got, want)
	}
}

func TestEachServiceIsPinnedWatchedAndRestarted(t *testing.T) {
	for name, service := range load(t).Services {
		switch {
		case service.Build != nil:
			dockerfile := service.Build.Dockerfile
			if !filepath.IsAbs(dockerfile) {
				dockerfile = filepath.Join(service.Build.Context, dockerfile)
			}
			if _, err := os.Stat(dockerfile); err != nil {
				t.Errorf("%s is built from what is not there: %v", name, err)
			}
		default:
			_, tag, _ := strings.Cut(service.Image, ":")
			if tag == "" || tag == "latest" {
				t.Errorf("%s: image %q has no version", name, service.Image)
			}
		}
		if h := service.HealthCheck; h == nil || h.Disable || len(h.Test) < 2 || h.Interval == nil || h.Timeout == nil || h.Retries == nil {
			t.Errorf("%s has no health check with test, interval, timeout and retries", name)
		}
		if service.Restart != "unless-stopped" {
			t.Errorf("%s: restart is %q", name, service.Restart)
		}
	}
}

func TestAServiceWaitsForTheHealthOfWhatItNeeds(t *testing.T) {
	project := load(t)
	for name, service := range project.Services {
		for needed, dependency := range service.DependsOn {
			if dependency.Condition != types.ServiceConditionHealthy {
				t.Errorf("%s waits for %s to be %q, not to be healthy", name, needed, dependency.Condition)
			}
		}
	}
	for _, needed := range []string{"neo4j", "mosquitto"} {
		if _, ok := project.Services["wellspring"].DependsOn[needed]; !ok {
			t.Errorf("wellspring does not wait for %s", needed)
		}
	}
}

func TestEveryPortIsOnLoopback(t *testing.T) {
	for name, service := range load(t).Services {
		if len(service.Ports) == 0 {
			t.Errorf("%s can't be reached", name)
		}
		for _, port := range service.Ports {
			if port.HostIP != "127.0.0.1" || port.Published == "" {
				t.Errorf("%s publishes %d on %q: want a fixed port on 127.0.0.1", name, port.Target, port.HostIP)
			}
		}
	}
}

func TestWhatIsMountedIsThere(t *testing.T) {
	project := load(t)
	used := map[string]bool{}
	for name, service := range project.Services {
		keeps := false
		for _, volume := range service.Volumes {
			switch volume.Type {
			case types.VolumeTypeVolume:
				keeps = true
				if used[volume.Source] {
					t.Errorf("two services share the volume %s", volume.Source)
				}
				used[volume.Source] = true
			case types.VolumeTypeBind:
				if !volume.ReadOnly {
					t.Errorf("%s may write to %s", name, volume.Source)
				}
				if _, err := os.Stat(volume.Source); err != nil {
					t.Errorf("%s mounts what is not there: %v", name, err)
				}
			default:
				t.Errorf("%s has a %s mount: nothing asked for it", name, volume.Type)
			}
		}
		if !keeps {
			t.Errorf("%s keeps nothing over a restart: it has no volume", name)
		}
	}
	for name := range project.Volumes {
		if !used[name] {
			t.Errorf("no service uses the volume %s", name)
		}
	}
}

// secret reports whether a variable holds one, by its name.
func secret(name string) bool {
	for _, word := range []string{"PASSWORD", "SECRET", "TOKEN"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

func TestNoSecretIsWrittenDown(t *testing.T) {
	for name, service := range load(t).Services {
		for variable := range service.Environment {
			if secret(variable) && value(service, variable) != "" {
				t.Errorf("%s has a default %s", name, variable)
			}
		}
	}
	example, err := dotenv.Read(filepath.Join(root, "deploy", "env.example"))
	if err != nil {
		t.Fatal(err)
	}
	if len(example) == 0 {
		t.Error("deploy/env.example names no variable")
	}
	for variable, v := range example {
		if secret(variable) && v != "" {
			t.Errorf("deploy/env.example has a default %s", variable)
		}
	}
}

func TestThePasswordReachesBothEnds(t *testing.T) {
	for _, test := range []struct{ variable, auth, user, password string }{
		{"OTHER=x", "none", "", ""},
		{"NEO4J_PASSWORD=opensesame", "neo4j/opensesame", "neo4j", "opensesame"},
	} {
		services := load(t, test.variable).Services
		for _, check := range []struct{ service, name, want string }{
			{"neo4j", "NEO4J_AUTH", test.auth},
			{"wellspring", "WELLSPRING_NEO4J_USER", test.user},
			{"wellspring", "WELLSPRING_NEO4J_PASSWORD", test.password},
		} {
			if got := value(services[check.service], check.name); got != check.want {
				t.Errorf("with %s: %s of %s is %q, want %q", test.variable, check.name, check.service, got, check.want)
			}
		}
	}
}

func TestWellspringFindsItsNeighbours(t *testing.T) {
	project := load(t)
	wellspring := project.Services["wellspring"]
	for name, want := range map[string]string{
		"WELLSPRING_STORE":     "neo4j",
		"WELLSPRING_NEO4J_URI": "neo4j://neo4j:7687",
		"WELLSPRING_MQTT_URL":  "tcp://mosquitto:1883",
	} {
		if got := value(wellspring, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if image := project.Services["neo4j"].Image; image != "neo4j:5.26-community" {
		t.Errorf("Neo4j is %s: the product is tested on 5.26 Community", image)
	}
}
