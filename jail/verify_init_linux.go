package jail

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"

	"jpm/jail/plan"
)

// init looks at PID 1 of the jail: each of its threads, because the kernel gives identity and filter to threads, and its descriptors.
func (s *sight) init() error {
	tasks, err := os.ReadDir(s.initDir + "/task")
	if err != nil {
		return fmt.Errorf("verify PID 1: %w", err)
	}
	for _, t := range tasks {
		st, err := readStatus(s.initDir + "/task/" + t.Name())
		if errors.Is(err, os.ErrNotExist) {
			continue // the thread has ended
		}
		if err != nil {
			return err
		}
		if err := want(st, "PID 1 ", [2]string{"Uid", fourIDs(s.plan.SetupUID)}, [2]string{"Gid", fourIDs(s.plan.SetupGID)}, [2]string{"Groups", s.groups},
			[2]string{"CapInh", noCapability}, [2]string{"CapPrm", noCapability}, [2]string{"CapEff", noCapability},
			[2]string{"CapAmb", noCapability}, [2]string{"NoNewPrivs", "1"}, [2]string{"Seccomp", "2"}); err != nil {
			return err
		}
	}
	fds, err := descriptors(s.initPid)
	if err != nil {
		return fmt.Errorf("verify PID 1: %w", err)
	}
	// stderr, the status pipe, and for a moment after the release the socket between the stages.
	may := []int{plan.FDStderr, plan.FDStatus, plan.FDPlan}
	for _, fd := range fds {
		if !slices.Contains(may, fd) {
			return &VerifyError{"PID 1 descriptors", fmt.Sprint(may), "one more: " + strconv.Itoa(fd)}
		}
	}
	return nil
}
