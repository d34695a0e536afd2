package config

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-units"
)

// sizePattern is stricter than what units.RAMInBytes reads, which takes "1e3" and "inf".
var sizePattern = regexp.MustCompile(`^[0-9]{1,15}(\.[0-9]{1,3})?([bB]|[kKmMgGtT]([iI]?[bB])?)$`)

// parse reads the text of a number: a size, a duration or digits, by the field's type and unit.
func (f field) parse(t reflect.Type, s string) (int64, error) {
	switch {
	case f.bytes:
		return parseSize(s)
	case f.percent:
		return parsePercent(s)
	case t == durationType:
		return parseDuration(s)
	}
	return strconv.ParseInt(s, 10, 64)
}

// parseSize reads a size as PHP writes them: 1K is 1024 bytes, 1M is 1024K and so on. Zero needs no unit.
func parseSize(s string) (int64, error) {
	if s == "0" {
		return 0, nil
	}
	if !sizePattern.MatchString(s) {
		if _, err := strconv.ParseUint(s, 10, 32); err == nil {
			return 0, fmt.Errorf("%q has no unit: write \"%sM\" for megabytes, \"%sK\" for kilobytes", s, s, s)
		}
		return 0, fmt.Errorf("%q is not a size: write a number and K, M, G or T, as in \"128M\"", clip(s))
	}
	n, err := units.RAMInBytes(s)
	if err != nil {
		return 0, err
	}
	// Beyond int64 the conversion from float64 differs from machine to machine: the lowest number on one, the highest on another.
	if n < 0 || n > 1<<60 {
		return 0, fmt.Errorf("%q is too large", s)
	}
	return n, nil
}

var percentPattern = regexp.MustCompile(`^[0-9]{1,9}%$`)

// parsePercent reads a whole percentage. Zero needs no unit.
func parsePercent(s string) (int64, error) {
	if s == "0" {
		return 0, nil
	}
	if !percentPattern.MatchString(s) {
		if digits.MatchString(s) {
			return 0, fmt.Errorf("%q has no unit: write \"%s%%\"", s, s)
		}
		return 0, fmt.Errorf("%q is not a percentage: write a whole number and %%, as in \"50%%\"", clip(s))
	}
	return strconv.ParseInt(strings.TrimSuffix(s, "%"), 10, 64)
}

// parseDuration reads a duration as time.ParseDuration does. Zero needs no unit.
func parseDuration(s string) (int64, error) {
	d, err := time.ParseDuration(s)
	if err == nil {
		return int64(d), nil
	}
	if _, err := strconv.ParseUint(s, 10, 32); err == nil {
		return 0, fmt.Errorf("%q has no unit: write \"%ss\" for seconds, \"%sms\" for milliseconds", s, s, s)
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return 0, fmt.Errorf("%q: there is no unit for days, write \"%dh\"", s, n*24)
		}
	}
	return 0, fmt.Errorf("%q is not a duration: write a number and ms, s, m or h, as in \"30s\" or \"1m30s\"", clip(s))
}

// bounds returns the field's range, both ends included.
func (f field) bounds(t reflect.Type) (low, high int64, err error) {
	low, high = 0, math.MaxInt64
	if t.Kind() == reflect.Int {
		high = math.MaxInt32
	}
	if f.min != "" {
		if low, err = f.parse(t, f.min); err != nil {
			return 0, 0, err
		}
	}
	if f.max != "" {
		if high, err = f.parse(t, f.max); err != nil {
			return 0, 0, err
		}
	}
	return low, high, nil
}

// rangeText writes the field's range for a person.
func (f field) rangeText() string {
	low := orElse(f.min, "0")
	if f.max == "" {
		return low + " or more"
	}
	return low + " to " + f.max
}

// setDefault sets v to the field's default.
func (f field) setDefault(v reflect.Value) error {
	if f.def == "" {
		return nil
	}
	switch {
	case v.Type() == listType:
		v.Set(reflect.ValueOf(strings.Split(f.def, ",")))
	case v.Kind() == reflect.String:
		v.SetString(f.def)
	case v.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(f.def)
		if err != nil {
			return err
		}
		v.SetBool(b)
	case v.CanInt():
		n, err := f.parse(v.Type(), f.def)
		if err != nil {
			return err
		}
		v.SetInt(n)
	default:
		return errors.New("no default for this type")
	}
	return nil
}
