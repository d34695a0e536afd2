package probes

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

var errnoName = regexp.MustCompile(`^E[A-Z0-9]+\b`)

// outcomeOf makes one word of what a probe in PHP says: the errno's name where there is one.
func outcomeOf(allowed bool, message string) string {
	switch name := errnoName.FindString(message); {
	case allowed:
		return Works
	case name != "":
		return name
	case message == "nothing there", strings.HasPrefix(message, "only "), strings.HasPrefix(message, "not in "):
		return Nothing
	case strings.HasPrefix(message, "refused without"), message == "":
		return "refused without a message"
	case strings.Contains(message, "undefined function"):
		return "no function"
	}
	return clip(message)
}

// NativeOutcome is the outcome that the native program prints.
func NativeOutcome(text string) string {
	text = strings.TrimSpace(text)
	if text == "nothing there" {
		return Nothing
	}
	return clip(text)
}

// Reports reads the list that a script answers with: the outcome of each probe by name.
func Reports(body string) (map[string]string, error) {
	var list []struct {
		Probe   string `json:"probe"`
		Allowed bool   `json:"allowed"`
		Error   string `json:"error"`
	}
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		return nil, fmt.Errorf("%w in %s", err, clip(body))
	}
	outcomes := map[string]string{}
	for _, r := range list {
		outcomes[r.Probe] = outcomeOf(r.Allowed, r.Error)
	}
	return outcomes, nil
}

// clip keeps a cell of the table short.
func clip(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 40 {
		s = s[:40] + "…"
	}
	return s
}
