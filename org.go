package codeant

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// Organization identifies an organization, workspace or group.
type Organization struct {
	// Provider is the service that hosts the organization. Required.
	Provider Provider
	// Name is the organization's name at the provider. Required.
	Name string
	// ProviderURL is the address of a self-hosted provider, as in Revision. Optional.
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
		return orgWire{}, invalid("organization", "", "is missing", "use its name at the provider")
	}
	platform := string(o.Provider)
	if o.Provider == AzureDevOps {
		platform = "azure_devops" // as the documentation of these endpoints spells it
	}
	return orgWire{platform, o.Name, newBaseURLs(o.Provider, o.Provider.addressOf(o.ProviderURL))}, nil
}

// Date is a calendar date without a time zone. Its text form is 2006-01-02.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf returns the date of t in t's location.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{year, month, day}
}

// ParseDate parses a date in the form 2006-01-02. Any other text is ErrInvalidRequest.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, invalid("date", s, "is not a valid date", "use the form 2026-01-31")
	}
	return DateOf(t), nil
}

func (d Date) time() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

// String returns the date in the form 2006-01-02.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day) }

// MarshalText returns the text of String.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText parses a date as ParseDate does.
func (d *Date) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDate(string(text))
	return err
}

func (d Date) validate(field string) error {
	if d == (Date{}) {
		return invalid(field, "", "is missing", "use a date such as Date{2026, time.January, 31}")
	}
	if DateOf(d.time()) != d {
		return invalid(field, d.String(), "is not a valid date", "use a day that exists")
	}
	return nil
}

// validateRange validates two dates and their order.
func validateRange(start, end Date) error {
	if err := cmp.Or(start.validate("start date"), end.validate("end date")); err != nil {
		return err
	}
	if end.time().Before(start.time()) {
		return invalid("end date", end.String(), "is before the start date "+start.String(), "swap them")
	}
	return nil
}
