package main

import (
	"os"

	"github.com/spf13/cobra"

	"jpm/config"
)

// referenceCommand is there for `jpm help config`: the help of this command is the configuration reference.
func referenceCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "The configuration reference (jpm help config)",
		Args:  usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			field := ""
			if len(args) == 1 {
				field = args[0]
			}
			return config.ReferenceText(cmd.OutOrStdout(), field)
		},
	}
	cmd.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		field := ""
		// The help command passes the words after the command's name as they were typed.
		if a := os.Args; len(a) > 3 && a[1] == "help" {
			field = a[3]
		}
		if err := config.ReferenceText(cmd.OutOrStdout(), field); err != nil {
			cmd.PrintErrln("jpm:", err)
		}
	})
	return cmd
}
