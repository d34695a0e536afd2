// Command jpm supervises FastCGI workers in jails. See the README for what it is, `jpm help` for its commands.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"jpm/cmd/jpm/internal/proxy"
	"jpm/config"
	"jpm/jail"
)

// version is set by the linker.
var version = "unreleased"

// Exit codes. Those of `jpm request` are its own, see there.
const (
	exitFailed = 1
	exitUsage  = 2
	exitConfig = 78 // EX_CONFIG of sysexits(3)
)

// proxyCommand is the argument that makes this executable the proxy.
const proxyCommand = "_proxy"

// proxyArgv are the arguments of the executable as the proxy.
func proxyArgv() []string { return []string{"jpm: proxy", proxyCommand} }

func main() {
	// The proxy has no command line of its own: what it needs comes over its link.
	if len(os.Args) == 2 && os.Args[1] == proxyCommand {
		if err := proxy.Run(); err != nil {
			fmt.Fprintln(os.Stderr, "jpm proxy:", err)
			os.Exit(exitFailed)
		}
		return
	}
	root := rootCommand()
	if err := root.Execute(); err != nil {
		os.Exit(report(err))
	}
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "jpm",
		Short:         "FastCGI workers in jails: a replacement for php-fpm, spawn-fcgi and fcgiwrap",
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version,
		// Without a check of its own the root command would report a wrong word as an ordinary failure.
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return usageError{fmt.Errorf("unknown command %q", args[0])}
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(runCommand(), checkCommand(), statusCommand(), requestCommand(), demoCommand(), referenceCommand(), versionCommand())
	root.AddCommand(demoParts()...)
	return root
}

// usageError is a mistake on the command line.
type usageError struct{ error }

// exitError ends the process with a code and without a word: everything has been said.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// report prints err and returns the exit code it stands for.
func report(err error) int {
	var exit exitError
	var usage usageError
	var conf *config.Error
	var profile *jail.ProfileError
	switch {
	case errors.As(err, &exit):
		return int(exit)
	case errors.As(err, &conf):
		fmt.Fprintln(os.Stderr, conf)
		return exitConfig
	case errors.As(err, &profile):
		fmt.Fprintln(os.Stderr, "jpm:", err)
		return exitConfig
	case errors.As(err, &usage):
		fmt.Fprintf(os.Stderr, "jpm: %v\nTry: jpm help\n", err)
		return exitUsage
	}
	fmt.Fprintln(os.Stderr, "jpm:", err)
	return exitFailed
}

// usageArgs makes a check of arguments a usage error.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			fmt.Fprintln(cmd.OutOrStdout(), "jpm", version)
			return nil
		},
	}
}
