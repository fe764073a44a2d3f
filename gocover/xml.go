package gocover

import "encoding/xml"

// The elements of Cobertura's DTD, version 04. It requires attributes that a profile says nothing about; these are 0.
// So is the time, so that equal profiles give equal reports.
type (
	xmlReport struct {
		XMLName xml.Name `xml:"coverage"`
		rates
		LinesCovered    int          `xml:"lines-covered,attr"`
		LinesValid      int          `xml:"lines-valid,attr"`
		BranchesCovered int          `xml:"branches-covered,attr"`
		BranchesValid   int          `xml:"branches-valid,attr"`
		Version         string       `xml:"version,attr"`
		Timestamp       int          `xml:"timestamp,attr"`
		Sources         []string     `xml:"sources>source"`
		Packages        []xmlPackage `xml:"packages>package"`
	}
	xmlPackage struct {
		Name string `xml:"name,attr"`
		rates
		Classes []xmlClass `xml:"classes>class"`
	}
	xmlClass struct {
		Name     string `xml:"name,attr"`
		Filename string `xml:"filename,attr"`
		rates
		Methods struct{} `xml:"methods"`
		Lines   xmlLines `xml:"lines"`
	}
	rates struct {
		Line       string `xml:"line-rate,attr"`
		Branch     int    `xml:"branch-rate,attr"`
		Complexity int    `xml:"complexity,attr"`
	}
)
