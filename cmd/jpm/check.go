package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"jpm/config"
	"jpm/jail"
)

func checkCommand() *cobra.Command {
	var file string
	var measure, asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check a configuration, and show the jail each pool gets on this kernel",
		Long: `Check a configuration, and show the jail each pool gets on this kernel.

With --effective it starts the proxy and one worker of each pool in their jails, looks at every layer from outside, and ends them: what
is printed is measured, not planned. A worker's program runs for that moment, so it takes what its start takes. A running jpm is not
touched. Where limits need cgroups of version 2, run it as the service would be: systemd-run --pipe -p Delegate=yes jpm check --effective.

Exit codes: 0 good, 1 this kernel or these files cannot give what is asked for, 2 usage, 78 bad configuration.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asJSON && !measure {
				return usageError{errors.New("--json needs --effective")}
			}
			if err := enterNamespace(); err != nil {
				return err
			}
			c, err := config.LoadToRun(file)
			if err != nil {
				return err
			}
			if err := checkProfiles(c); err != nil {
				return err
			}
			host, err := jail.Probe()
			if err != nil {
				return err
			}
			if measure {
				all, err := effective(cmd.Context(), c, host)
				if err != nil {
					return err
				}
				if asJSON {
					err = printMeasuredJSON(cmd.OutOrStdout(), all)
				} else {
					printMeasured(cmd.OutOrStdout(), all)
				}
				if err == nil && !asPlanned(all) {
					err = errDiffers
				}
				return err
			}
			host, here := host.ForService()
			proxy, err := jail.CompileProxy(c.Proxy.UID, c.Proxy.GID, host)
			if err != nil {
				return fmt.Errorf("proxy: %w", err)
			}
			out := cmd.OutOrStdout()
			explain(out, "proxy", proxy)
			missing := 0
			for _, p := range c.Pools {
				j, err := jail.Compile(p, host)
				if err != nil {
					return fmt.Errorf("pool %q: %w", p.Name, err)
				}
				explain(out, fmt.Sprintf("pool %q", p.Name), j)
				for _, problem := range j.Inspect() {
					missing++
					fmt.Fprintf(cmd.ErrOrStderr(), "pool %q: %v\n", p.Name, problem)
				}
			}
			if missing > 0 {
				return fmt.Errorf("%s: paths and sockets that the pools cannot use now: %d", file, missing)
			}
			if here != "" {
				fmt.Fprintf(out, "Limits by cgroup are shown as a service has them. From here `jpm run` could not enforce any: %s.\n", here)
			}
			if all := jail.Advice(); len(all) > 0 {
				fmt.Fprintf(out, "Settings of this host (sysctl) that would back the filters of all jails:\n  %s\n", strings.Join(all, "\n  "))
			}
			fmt.Fprintf(out, "%s: good, %d pools\n", file, len(c.Pools))
			return nil
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", defaultConfig, "configuration file")
	cmd.Flags().BoolVar(&measure, "effective", false, "start one worker of each pool and show what its jail has")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, with --effective")
	return cmd
}

// checkProfiles looks at the pools' system call profiles, before anything that needs root.
func checkProfiles(c *config.Config) error {
	var all []error
	for _, p := range c.Pools {
		if err := jail.CheckProfile(p); err != nil {
			all = append(all, fmt.Errorf("pool %q: %w", p.Name, err))
		}
	}
	return errors.Join(all...)
}

// explain prints a jail as a list, a layer a line.
func explain(w io.Writer, name string, j *jail.Jail) {
	fmt.Fprintf(w, "%s\n", name)
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, l := range j.Explain() {
		fmt.Fprintf(tw, "  %s\t%s\t%s\n", l.Layer, strings.TrimSuffix(string(l.State)+": "+l.Why, ": "), l.Setting)
	}
	tw.Flush()
	fmt.Fprintln(w)
}
