package errbody_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/codeant-sdk/codeant/internal/errbody"
)

func TestReadFindsTheSentence(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		contentType, body, code, message string
	}{
		"empty":                       {},
		"blank":                       {body: " \r\n"},
		"byte order mark alone":       {body: "\xef\xbb\xbf"},
		"byte order mark":             {body: "\xef\xbb\xbf" + `{"message":"no"}`, message: "no"},
		"error.message":               {body: `{"error":{"code":"E1","message":"inner"},"message":"outer"}`, code: "E1", message: "inner"},
		"error.detail":                {body: `{"error":{"type":"bad","detail":"inner"}}`, code: "bad", message: "inner"},
		"inner code before outer":     {body: `{"code":"outer","error":{"code":"inner","message":"m"}}`, code: "inner", message: "m"},
		"outer code":                  {body: `{"code":"outer","error":{"message":"m"}}`, code: "outer", message: "m"},
		"inner code, outer message":   {body: `{"error":{"code":"inner"},"message":"m"}`, code: "inner", message: "m"},
		"message":                     {body: `{"message":" spaced ","error":"short","detail":"d"}`, message: "spaced"},
		"error":                       {body: `{"error":"short","detail":"d"}`, message: "short"},
		"detail":                      {body: `{"detail":"d"}`, message: "d"},
		"detail as a list":            {body: `{"detail":[{"loc":["body"],"msg":"required"}]}`, message: `[{"loc":["body"],"msg":"required"}]`},
		"errors":                      {body: `{"errors":["a","b"]}`, message: `["a","b"]`},
		"error description":           {body: `{"error_code":7,"error_description":"d"}`, code: "7", message: "d"},
		"camel-case code":             {body: `{"errorCode":"C","message":"m"}`, code: "C", message: "m"},
		"nulls and empties passed by": {body: `{"message":null,"error":false,"detail":"","errors":[],"error_description":"d"}`, message: "d"},
		"empty error object":          {body: `{"error":{},"message":"m"}`, message: "m"},
		"object without a sentence":   {body: `{"status":500}`},
		"null":                        {body: `null`},
		"string":                      {body: `"just text"`, message: "just text"},
		"list":                        {body: `["a"]`, message: `["a"]`},
		"number":                      {body: `7`, message: "7"},
		"plain text":                  {contentType: "text/plain", body: " upstream timed out\n", message: "upstream timed out"},
		"broken JSON":                 {contentType: "application/json", body: `{"message":`},
		"title":                       {contentType: "text/html; charset=utf-8", body: "<html><head><TITLE lang=en> 502\nBad Gateway </TITLE></head><body>nginx</body></html>", message: "502\nBad Gateway"},
		"text of HTML":                {body: "<html><style>b{}</style><script>evil()</script><title> </title><p>Access <b>denied</b></p></html>", message: "Access denied"},
		"HTML by its beginning":       {contentType: "application/json", body: "<h1>Blocked</h1>", message: "Blocked"},
		"HTML by its type":            {contentType: "text/html", body: "Blocked <br> here", message: "Blocked here"},
		"XML":                         {contentType: "application/xml", body: "<Error><Code>A</Code><Message>B</Message></Error>", message: "A B"},
		"control characters kept":     {body: "a\x1b[31mb", message: "a\x1b[31mb"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, message := errbody.Read(test.contentType, []byte(test.body))
			assert.Equal(t, test.code, code)
			assert.Equal(t, test.message, message)
		})
	}
}

func TestIsMarkupByTypeOrBeginning(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		contentType, body string
		want              bool
	}{
		"HTML":            {contentType: "text/html", want: true},
		"HTML, parameter": {contentType: "Text/HTML; charset=utf-8", want: true},
		"XHTML":           {contentType: "application/xhtml+xml", want: true},
		"XML":             {contentType: "application/xml", want: true},
		"text XML":        {contentType: "text/xml", want: true},
		"beginning":       {contentType: "application/json", body: "\n <!DOCTYPE html>", want: true},
		"JSON":            {contentType: "application/json", body: `{"a":"<b>"}`},
		"no type":         {body: "text"},
		"broken type":     {contentType: ";;", body: "text"},
		"nothing":         {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, errbody.IsMarkup(test.contentType, []byte(test.body)))
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"", "null", `{"error":{"message":1}}`, `{"error":null}`, "<title>", "<script>", "\xff<", `"\ud800"`, "[[[["} {
		f.Add("application/json", []byte(seed))
		f.Add("text/html; =", []byte(seed))
	}
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		kept := string(body)
		errbody.Read(contentType, body)
		assert.Equal(t, kept, string(body))
	})
}
