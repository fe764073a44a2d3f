package junit_test

import (
	"encoding/xml"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The part of XML Schema that the schema of Jenkins is written in. There is no library for it in Go that is kept up.
type (
	xsd struct {
		Elements     []xsdElement `xml:"element"`
		ComplexTypes []xsdComplex `xml:"complexType"`
		SimpleTypes  []struct {
			Name        string `xml:"name,attr"`
			Restriction struct {
				Pattern struct {
					Value string `xml:"value,attr"`
				} `xml:"pattern"`
			} `xml:"restriction"`
		} `xml:"simpleType"`
	}
	xsdElement struct {
		Name    string      `xml:"name,attr"`
		Type    string      `xml:"type,attr"`
		Complex *xsdComplex `xml:"complexType"`
	}
	xsdComplex struct {
		Name       string        `xml:"name,attr"`
		Mixed      bool          `xml:"mixed,attr"`
		Particles  []xsdParticle `xml:",any"`
		Attributes []struct {
			Name string `xml:"name,attr"`
			Type string `xml:"type,attr"`
			Use  string `xml:"use,attr"`
		} `xml:"attribute"`
	}
	xsdParticle struct {
		XMLName   xml.Name
		Name      string        `xml:"name,attr"`
		Ref       string        `xml:"ref,attr"`
		MinOccurs string        `xml:"minOccurs,attr"`
		MaxOccurs string        `xml:"maxOccurs,attr"`
		Particles []xsdParticle `xml:",any"`
	}
	node struct {
		XMLName  xml.Name
		Attrs    []xml.Attr `xml:",any,attr"`
		Text     string     `xml:",chardata"`
		Children []node     `xml:",any"`
	}
)

func (p xsdParticle) pattern() string {
	var parts []string
	for _, inner := range p.Particles {
		parts = append(parts, inner.pattern())
	}
	var pattern string
	switch p.XMLName.Local {
	case "element":
		pattern = regexp.QuoteMeta("<" + p.Name + p.Ref + ">")
	case "sequence":
		pattern = strings.Join(parts, "")
	case "choice":
		pattern = strings.Join(parts, "|")
	default:
		panic("the schema has " + p.XMLName.Local)
	}
	switch p.MinOccurs + ".." + p.MaxOccurs {
	case "..":
		return "(?:" + pattern + ")"
	case "0..":
		return "(?:" + pattern + ")?"
	case "0..unbounded":
		return "(?:" + pattern + ")*"
	}
	panic("the schema has other numbers")
}

// check returns what is wrong with an element, or nil.
func (s xsd) check(n node) error {
	var declared *xsdElement
	for i := range s.Elements {
		if s.Elements[i].Name == n.XMLName.Local {
			declared = &s.Elements[i]
		}
	}
	if declared == nil {
		return fmt.Errorf("<%s> is not declared", n.XMLName.Local)
	}
	complexType := declared.Complex
	for i := range s.ComplexTypes {
		if s.ComplexTypes[i].Name == declared.Type {
			complexType = &s.ComplexTypes[i]
		}
	}
	if complexType == nil {
		complexType = &xsdComplex{Mixed: true} // xs:string
	}
	if !complexType.Mixed && strings.TrimSpace(n.Text) != "" {
		return fmt.Errorf("<%s> has text", n.XMLName.Local)
	}
	if err := s.checkAttributes(n, complexType); err != nil {
		return err
	}
	pattern, children := "", ""
	for _, p := range complexType.Particles {
		pattern += p.pattern()
	}
	for _, child := range n.Children {
		children += "<" + child.XMLName.Local + ">"
		if err := s.check(child); err != nil {
			return err
		}
	}
	if !regexp.MustCompile("^(?:" + pattern + ")$").MatchString(children) {
		return fmt.Errorf("<%s> has the children %s", n.XMLName.Local, children)
	}
	return nil
}

func (s xsd) checkAttributes(n node, complexType *xsdComplex) error {
	values := map[string]string{}
	for _, a := range n.Attrs {
		values[a.Name.Local] = a.Value
	}
	for _, a := range complexType.Attributes {
		value, ok := values[a.Name]
		if !ok && a.Use == "required" {
			return fmt.Errorf("<%s> lacks %s", n.XMLName.Local, a.Name)
		}
		for _, simple := range s.SimpleTypes {
			if simple.Name == a.Type && !regexp.MustCompile("^(?:"+simple.Restriction.Pattern.Value+")$").MatchString(value) {
				return fmt.Errorf("<%s> has %s=%q", n.XMLName.Local, a.Name, value)
			}
		}
		delete(values, a.Name)
	}
	if len(values) > 0 {
		return fmt.Errorf("<%s> has attributes that are not declared: %v", n.XMLName.Local, values)
	}
	return nil
}

func jenkinsSchema(t *testing.T) xsd {
	t.Helper()
	content, err := os.ReadFile("testdata/junit-10.xsd")
	require.NoError(t, err)
	var schema xsd
	require.NoError(t, xml.Unmarshal(content, &schema))
	require.Len(t, schema.Elements, 14)
	return schema
}

func requireValid(t *testing.T, document []byte) node {
	t.Helper()
	var root node
	require.NoError(t, xml.Unmarshal(document, &root))
	require.NoError(t, jenkinsSchema(t).check(root))
	return root
}

// The check itself has to find faults.
func TestTheSchemaRefusesOtherDocuments(t *testing.T) {
	t.Parallel()
	schema := jenkinsSchema(t)
	const counts = `tests="1" failures="0" errors="0"`
	for document, want := range map[string]string{
		`<report/>`: `<report> is not declared`,
		`<testsuites><testcase name="a"/></testsuites>`:              `<testsuites> has the children <testcase>`,
		`<testsuites skipped="1"/>`:                                  `<testsuites> has attributes that are not declared: map[skipped:1]`,
		`<testsuite name="a"/>`:                                      `<testsuite> lacks tests`,
		`<testsuite name="a" ` + counts + ` time="1s"/>`:             `<testsuite> has time="1s"`,
		`<testsuite name="a" ` + counts + `>text</testsuite>`:        `<testsuite> has text`,
		`<testsuite name="a" ` + counts + `><testcase/></testsuite>`: `<testcase> lacks name`,
		`<testcase name="a"><properties/></testcase>`:                `<testcase> has the children <properties>`,
	} {
		var root node
		require.NoError(t, xml.Unmarshal([]byte(document), &root))
		require.EqualError(t, schema.check(root), want, document)
	}
}
