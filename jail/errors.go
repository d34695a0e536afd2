package jail

import (
	"fmt"

	"jpm/jail/plan"
)

// StepError says which step of building a jail failed: one of the names in the package documentation. Nothing is left of
// the worker.
type StepError = plan.StepError

// VerifyError says what a started worker has other than its plan says. The worker has been killed.
type VerifyError struct{ What, Want, Got string }

func (e *VerifyError) Error() string {
	return fmt.Sprintf("worker differs from its plan: %s is %q, want %q", e.What, e.Got, e.Want)
}
