package codeant

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// Organization names an organization, workspace or group whose teams and metrics are meant.
type Organization struct {
	// Provider hosts it. Required.
	Provider Provider
	// Name is the organization's name at the provider. Required.
	Name string
	// ProviderURL is the address of the provider where it is not the public one. Optional.
	ProviderURL string
}

type orgWire struct {
	Platform string `json:"platform"`
	Org      string `json:"org"`
	baseURLs
}

func (o Organization) wire() (orgWire, error) {
	if err := cmp.Or(o.Provider.validate(), validateText("organization", o.Name), validateProviderURL(o.ProviderURL)); err != nil {
		return orgWire{}, err
	}
	if strings.TrimSpace(o.Name) == "" {
		return orgWire{}, invalid("organization", "", "is missing", "give its name at the provider")
	}
	platform := string(o.Provider)
	if o.Provider == AzureDevOps {
		platform = "azure_devops" // the spelling of these endpoints' pages
	}
	return orgWire{platform, o.Name, newBaseURLs(o.Provider, o.Provider.addressOf(o.ProviderURL))}, nil
}

// Date is a day of the calendar, written 2006-01-02, in no time zone.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf returns the day of a time, in the time's own zone.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{year, month, day}
}

// ParseDate reads a day written as 2006-01-02. Anything else is ErrInvalidRequest.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, invalid("date", s, "is not a day of the calendar", "write it as 2026-01-31")
	}
	return DateOf(t), nil
}

func (d Date) time() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

// String writes the day as 2006-01-02.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day) }

// MarshalText writes the day as 2006-01-02.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the day as ParseDate does.
func (d *Date) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDate(string(text))
	return err
}

func (d Date) validate(field string) error {
	if d == (Date{}) {
		return invalid(field, "", "is missing", "give a day, such as Date{2026, time.January, 31}")
	}
	if DateOf(d.time()) != d {
		return invalid(field, d.String(), "is not a day of the calendar", "use a valid date")
	}
	return nil
}

// validateRange refuses a range of days that runs backwards.
func validateRange(start, end Date) error {
	if err := cmp.Or(start.validate("start date"), end.validate("end date")); err != nil {
		return err
	}
	if end.time().Before(start.time()) {
		return invalid("end date", end.String(), "is before the start date "+start.String(), "swap them")
	}
	return nil
}
