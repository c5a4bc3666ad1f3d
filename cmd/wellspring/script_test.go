package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes the program a command that the scripts in testdata/scripts run.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"wellspring": main})
}

func TestScripts(t *testing.T) {
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           filepath.Join("testdata", "scripts"),
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("EXAMPLES", examples)
			env.Setenv("WELLSPRING_DATA_DIR", filepath.Join(env.WorkDir, "data"))
			env.Setenv("HOME", env.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": code},
	})
}

// code N PROGRAM ARG… runs a program that must end with the exit code N; its
// standard error goes to the file err.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N PROGRAM ARG…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	cmd := exec.CommandContext(context.Background(), args[1], args[2:]...)
	cmd.Dir = ts.Getenv("WORK")
	cmd.Env = []string{"PATH=" + ts.Getenv("PATH"), "HOME=" + ts.Getenv("HOME"), "WELLSPRING_DATA_DIR=" + ts.Getenv("WELLSPRING_DATA_DIR")}
	stderr, err := os.Create(ts.MkAbs("err"))
	ts.Check(err)
	cmd.Stderr, cmd.Stdout = stderr, stderr
	_ = cmd.Run() // the exit code tells
	ts.Check(stderr.Close())
	if got := cmd.ProcessState.ExitCode(); got != want {
		ts.Fatalf("%v: exit code %d, want %d; see:\n%s", args[1:], got, want, ts.ReadFile("err"))
	}
}
