package jail

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"
)

// runRole is the master that TestMasterKilled kills: it starts three workers, tells their pids and waits for its end.
func runRole(role string) int {
	if role != "master" {
		fmt.Fprintln(os.Stderr, "no such role:", role)
		return 2
	}
	if err := master(); err != nil {
		fmt.Fprintln(os.Stderr, "master:", err)
		return 1
	}
	return 0
}

func master() error {
	bin = os.Getenv("JPM_TEST_BIN")
	h, err := Probe()
	if err != nil {
		return err
	}
	s, err := NewSpawner(Options{Init: bin + "/jpm-init", Dir: os.Getenv("JPM_TEST_DIR")})
	if err != nil {
		return err
	}
	j, err := Compile(workerPool(), h)
	if err != nil {
		return err
	}
	if err := s.AddPool(j); err != nil {
		return err
	}
	line := ""
	for range 3 {
		w, err := s.Start(context.Background(), j, "x", nil)
		if err != nil {
			return err
		}
		line += strconv.Itoa(w.Pid()) + " " + strconv.Itoa(w.initPid) + " "
	}
	fmt.Println(line)
	time.Sleep(time.Minute)
	return nil
}
