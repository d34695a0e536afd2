package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"jpm/cmd/jpm/internal/master"
	"jpm/config"
)

// defaultConfig is where the configuration is looked for.
const defaultConfig = "/etc/jpm/jpm.hcl"

func runCommand() *cobra.Command {
	var file, dir string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Serve the pools of a configuration, in the foreground",
		Long: `Serve the pools of a configuration, in the foreground.

Root's jails are the better ones. An ordinary user can run pools too, as that user alone; jpm check shows what their jails lack.

Signals: TERM and INT stop at once, QUIT finishes what runs and then stops, USR1 opens the log file again.
Exit codes: 0 stopped by a signal, 1 failed, 2 usage, 78 bad configuration.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if err := enterNamespace(); err != nil {
				return err
			}
			c, err := config.LoadToRun(file)
			if err != nil {
				return err
			}
			init, err := initPath()
			if err != nil {
				return err
			}
			if err := makeRunDir(dir); err != nil {
				return err
			}
			return master.Run(c, master.Options{
				Version:   version,
				Init:      init,
				Dir:       dir,
				ProxyArgv: proxyArgv(),
			})
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", defaultConfig, "configuration file")
	cmd.Flags().StringVar(&dir, "run-dir", defaultRunDir(), "directory for run-time files")
	return cmd
}

// initPath finds jpm-init: beside our own executable, or where packages put helpers.
func initPath() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	beside := filepath.Join(filepath.Dir(self), "jpm-init")
	for _, p := range []string{beside, "/usr/lib/jpm/jpm-init"} {
		if fi, err := os.Stat(p); err == nil && fi.Mode().IsRegular() {
			return p, nil
		}
	}
	return "", fmt.Errorf("jpm-init is missing: expected %s or /usr/lib/jpm/jpm-init", beside)
}
