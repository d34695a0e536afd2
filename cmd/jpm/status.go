package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"jpm/cmd/jpm/internal/client"
	"jpm/config"
	"jpm/pool"
	"jpm/status"
)

func statusCommand() *cobra.Command {
	var file, address string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status [POOL]",
		Short: "Show the pools of a running jpm",
		Args:  usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if address == "" {
				c, err := config.Load(file)
				if err != nil {
					return err
				}
				if address = c.Status.Listen; address == "" {
					return fmt.Errorf("%s has no status.listen", file)
				}
			}
			body, err := fetch(cmd.Context(), address, "/status.json")
			if err != nil {
				return err
			}
			var s status.Snapshot
			if err := json.Unmarshal(body, &s); err != nil {
				return fmt.Errorf("status: %w", err)
			}
			if len(args) == 1 {
				s.Pools = slices.DeleteFunc(s.Pools, func(p pool.Snapshot) bool { return p.Name != args[0] })
				if len(s.Pools) == 0 {
					return fmt.Errorf("status: no pool %q", args[0])
				}
			}
			if asJSON {
				enc := json.NewEncoder(cmd.OutOrStdout())
				enc.SetIndent("", "  ")
				return enc.Encode(s)
			}
			return status.Print(cmd.OutOrStdout(), s)
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", defaultConfig, "configuration file, to find status.listen in")
	cmd.Flags().StringVarP(&address, "address", "a", "", "address of the status endpoint, instead of the configuration's")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// maxStatus bounds what is read from an endpoint that may not be ours.
const maxStatus = 64 << 20

// fetch gets a page of the status endpoint, over TCP or a unix socket.
func fetch(ctx context.Context, address, page string) ([]byte, error) {
	if ctx == nil {
		ctx = context.Background()
	}
	network, host := client.Address(address)
	get := &http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, host)
		}},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://jpm"+page, nil)
	if err != nil {
		return nil, err
	}
	resp, err := get.Do(req)
	if err != nil {
		return nil, fmt.Errorf("status: %s: %w", address, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status: %s: %s", address, resp.Status)
	}
	return io.ReadAll(io.LimitReader(resp.Body, maxStatus))
}
