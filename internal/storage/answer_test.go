package storage

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
)

// put sends three bytes to a storage that reads them and gives an answer.
func put(t *testing.T, status int, header map[string]string, body string) error {
	t.Helper()
	client, target := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for key, value := range header {
			w.Header().Set(key, value)
		}
		w.WriteHeader(status)
		if body != "" {
			_, _ = io.WriteString(w, body)
		}
	})
	return errOf(client.Put(t.Context(), target, strings.NewReader("abc"), 3, nil))
}

func asUTF16(text string) string {
	b := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text)) {
		b = append(b, byte(unit), byte(unit>>8))
	}
	return string(b)
}

// swapped returns UTF-16 with the bytes of each pair the other way round.
func swapped(text string) string {
	b := []byte(text)
	for i := 0; i+1 < len(b); i += 2 {
		b[i], b[i+1] = b[i+1], b[i]
	}
	return string(b)
}

func TestTextIsDecodedFromWhateverEncodingItIsIn(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"":                              "",
		"über":                          "über",
		"\xfcber":                       "über",
		"a\xff\xff\xff\xff":             "aÿÿÿÿ",
		"\xef\xbb\xbfa":                 "a",
		"\xc3":                          "\xc3", // the end of the window cuts through a character
		"aaa\xc3":                       "aaa\xc3",
		"aaa\xf0\x9f\x98":               "aaa\xf0\x9f\x98",
		"\xff\xfea\x00\x3d\xd8\x00\xde": "a😀",
		"\xfe\xff\x00a\xd8\x3d\xde\x00": "a😀",
		"<\x00a\x00":                    "<a",
		"\x00<\x00a":                    "<a",
		"\xff\xfea\x00b":                "a",
		"\xff\xfe":                      "",
	} {
		assert.Equal(t, want, string(decodeText([]byte(body))), "%q", body)
	}
}

func TestADeclarationIsDropped(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`<?xml version="1.1"?> <a/>`: "<a/>",
		`<?xml version="1.1"`:        `<?xml version="1.1"`,
		`<a/><?xml version="1.1"?>`:  `<a/><?xml version="1.1"?>`,
	} {
		assert.Equal(t, want, string(dropDeclaration([]byte(text))))
	}
}

func TestStoredMeansAGoodStatusAndAnAnswerThatDoesNotSpeakOfAnError(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		header map[string]string
		body   string
	}{
		"200":                  {status: 200},
		"201":                  {status: 201},
		"204":                  {status: 204},
		"white space":          {status: 200, body: "\r\n \n"},
		"a byte order mark":    {status: 200, body: "\xef\xbb\xbf"},
		"XML":                  {status: 201, body: `<?xml version="1.0" encoding="UTF-8"?>` + "\n<PostResponse><Location>x</Location><Errors/></PostResponse>"},
		"XML of 64 KiB":        {status: 200, body: "<Stored/>" + strings.Repeat("\n", maxAnswer-len("<Stored/>"))},
		"text around XML":      {status: 200, body: "<Stored/> done"},
		"XML in Latin 1":       {status: 200, body: "<?xml version='1.0' encoding='ISO-8859-1'?><Stored>\xfc</Stored>"},
		"JSON":                 {status: 200, body: `{"Code":"x","status":"ok","error":null}`},
		"a JSON list":          {status: 200, body: `[]`},
		"plain text":           {status: 200, body: "Stored. No errors."},
		"plain text as HTML":   {status: 200, header: map[string]string{"Content-Type": "text/html"}, body: "OK"},
		"long plain text":      {status: 200, body: strings.Repeat("fine ", 40_000)},
		"an empty body, typed": {status: 200, header: map[string]string{"Content-Type": "application/json"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.NoError(t, put(t, test.status, test.header, test.body))
		})
	}
}

func TestPutReturnsTheStatusOfASuccess(t *testing.T) {
	t.Parallel()
	client, target := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusCreated)
	})
	status, err := client.Put(t.Context(), target, strings.NewReader("abc"), 3, nil)
	assert.NoError(t, err)
	assert.Equal(t, http.StatusCreated, status)
}

func TestAnAnswerThatSpeaksOfAnErrorIsNoSuccess(t *testing.T) {
	t.Parallel()
	const code = "<Error><Code>InternalError</Code><Message>Try again</Message></Error>"
	speaks := &Refusal{StatusCode: 200, Code: "InternalError", Message: "Try again", Reason: saysError}
	broken := &Refusal{StatusCode: 200, Reason: unreadable}
	html := map[string]string{"Content-Type": "text/html; charset=utf-8"}
	for name, test := range map[string]struct {
		status int
		header map[string]string
		body   string
		want   *Refusal
	}{
		"XML error":            {body: code, want: speaks},
		"with a declaration":   {body: `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + code, want: speaks},
		"in ISO-8859-1":        {body: "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><Error><Code>InternalError</Code><Message>Try \xfcber</Message></Error>", want: &Refusal{StatusCode: 200, Code: "InternalError", Message: "Try über", Reason: saysError}},
		"in UTF-16":            {body: asUTF16(`<?xml version="1.0" encoding="utf-16"?>` + code), want: speaks},
		"XML 1.1":              {body: `<?xml version="1.1"?>` + code, want: speaks},
		"a custom entity":      {body: `<?xml version="1.0"?><!DOCTYPE Error [<!ENTITY why "because">]><Error><Code>InternalError</Code><Message>&why;</Message></Error>`, want: &Refusal{StatusCode: 200, Code: "InternalError", Message: "&why;", Reason: saysError}},
		"longer than 64 KiB":   {body: strings.TrimSuffix(code, "</Error>") + "<Pad>" + strings.Repeat("x", 70<<10) + "</Pad></Error>", want: speaks},
		"begins after 64 KiB":  {body: "<!--" + strings.Repeat("x", 70<<10) + "-->" + code, want: broken},
		"goes on after 64 KiB": {body: "<Stored/>" + strings.Repeat("\n", 70<<10), want: broken},
		"one byte too long":    {body: "<Stored/>" + strings.Repeat("\n", maxAnswer-len("<Stored/>")+1), want: broken},
		"without a code":       {body: `<Error/>`, want: &Refusal{StatusCode: 200, Code: "Error", Reason: saysError}},
		"in any letter case":   {body: `<ERROR>no</ERROR>`, want: &Refusal{StatusCode: 200, Code: "Error", Reason: saysError}},
		"ErrorResponse":        {body: "<ErrorResponse>" + code + "<RequestId>R3</RequestId></ErrorResponse>", want: &Refusal{StatusCode: 200, Code: "InternalError", Message: "Try again", RequestID: "R3", Reason: saysError}},
		"an error inside":      {body: "<Result>" + code + "</Result>", want: speaks},
		"a namespace":          {body: `<s:Error xmlns:s="http://s3.amazonaws.com/doc/2006-03-01/"><s:Code>C</s:Code></s:Error>`, want: &Refusal{StatusCode: 200, Code: "C", Reason: saysError}},
		"XML that breaks off":  {body: "<Stored><Key>x", want: broken},
		"XML with a wrong end": {body: "<Stored></Key>", want: broken},
		"an HTML page":         {header: html, body: "<html><head><title>Log in &lt;now&gt;</title></head></html>", want: &Refusal{StatusCode: 200, Message: "Log in &lt;now&gt;", Reason: isPage, Page: true}},
		"XML as HTML":          {header: html, body: "<Stored/>", want: &Refusal{StatusCode: 200, Reason: isPage, Page: true}},
		"HTML without a type":  {header: map[string]string{"Content-Type": ""}, body: "<!DOCTYPE html>\n<html><body>hello<br></body></html>", want: &Refusal{StatusCode: 200, Message: "hello", Reason: isPage, Page: true}},
		"HTML after a comment": {header: map[string]string{"Content-Type": "application/xml"}, body: "<!-- hi --><html></html>", want: &Refusal{StatusCode: 200, Reason: isPage, Page: true}},
		"HTML after a text":    {header: html, body: "Hello<script>x()</script>", want: &Refusal{StatusCode: 200, Message: "Hello", Reason: isPage, Page: true}},
		"JSON error":           {body: `{"error":"no space"}`, want: &Refusal{StatusCode: 200, Message: "no space", Reason: `the answer says that it failed: something in "error"`}},
		"JSON failure":         {body: `{"success":false,"message":"nope"}`, want: &Refusal{StatusCode: 200, Message: "nope", Reason: `the answer says that it failed: "success": false`}},
		"JSON that breaks off": {body: `{"stored":tr`, want: broken},
		"plain text":           {body: "InternalError: try again", want: &Refusal{StatusCode: 200, Code: "InternalError", Message: "InternalError: try again", Reason: saysError}},
		"Azure header":         {header: map[string]string{"X-Ms-Error-Code": "ServerBusy", "X-Ms-Request-Id": "A1"}, want: &Refusal{StatusCode: 200, Code: "ServerBusy", RequestID: "A1", Reason: saysError}},
		"header and body":      {header: map[string]string{"X-Amz-Error-Code": "Other"}, body: code, want: speaks},
		"header, bare body":    {header: map[string]string{"X-Minio-Error-Code": "Other"}, body: `<Error/>`, want: &Refusal{StatusCode: 200, Code: "Other", Reason: saysError}},
		"UTF-16, big end":      {body: "\xfe\xff" + swapped(asUTF16(code)[2:]), want: speaks},
		"UTF-16 without mark":  {body: asUTF16(code)[2:], want: speaks},
		"big end, no mark":     {body: swapped(asUTF16(code)[2:]), want: speaks},
		"UTF-16 and half more": {body: asUTF16(code) + "\n", want: speaks},
		"202":                  {status: 202, want: &Refusal{StatusCode: 202, Reason: "this status does not mean that the report is stored"}},
		"206":                  {status: 206, want: &Refusal{StatusCode: 206, Reason: "this status does not mean that the report is stored"}},
		"299":                  {status: 299, want: &Refusal{StatusCode: 299, Reason: "this status does not mean that the report is stored"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.status == 0 {
				test.status = http.StatusOK
			}
			assert.Equal(t, test.want, put(t, test.status, test.header, test.body))
		})
	}
}

func TestARefusalKeepsTheStoragesCodeAndWords(t *testing.T) {
	t.Parallel()
	const denied = `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>SignatureDoesNotMatch</Code><Message>It does not match</Message><RequestId>R1</RequestId>` +
		`<AWSAccessKeyId>AKIAHUSH</AWSAccessKeyId><StringToSign>hush</StringToSign><SignatureProvided>hush</SignatureProvided></Error>`
	for name, test := range map[string]struct {
		status int
		header map[string]string
		body   string
		want   *Refusal
		text   string
	}{
		"signature": {
			status: 403, body: denied,
			want: &Refusal{StatusCode: 403, Code: "SignatureDoesNotMatch", Message: "It does not match", RequestID: "R1"},
			text: "the storage answered 403: SignatureDoesNotMatch",
		},
		"request id of the header": {
			status: 403, body: denied, header: map[string]string{"X-Amz-Request-Id": "R2"},
			want: &Refusal{StatusCode: 403, Code: "SignatureDoesNotMatch", Message: "It does not match", RequestID: "R2"},
			text: "the storage answered 403: SignatureDoesNotMatch",
		},
		"Azure": {
			status: 404, header: map[string]string{"X-Ms-Error-Code": "ContainerNotFound", "X-Ms-Request-Id": "A7"},
			want: &Refusal{StatusCode: 404, Code: "ContainerNotFound", RequestID: "A7"},
			text: "the storage answered 404: ContainerNotFound",
		},
		"Azure, expired": {
			status: 403,
			body:   "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>AuthenticationFailed</Code><Message>Server failed to authenticate the request.</Message><AuthenticationErrorDetail>Signature not valid in the specified time frame: Start [Mon] - Expiry [Tue]</AuthenticationErrorDetail></Error>",
			want: &Refusal{
				StatusCode: 403, Code: "AuthenticationFailed", expired: true,
				Message: "Server failed to authenticate the request. Signature not valid in the specified time frame: Start [Mon] - Expiry [Tue]",
			},
			text: "the storage answered 403: AuthenticationFailed",
		},
		"plain text": {
			status: 403, body: "AccessDenied: not for you\n",
			want: &Refusal{StatusCode: 403, Code: "AccessDenied", Message: "AccessDenied: not for you"},
			text: "the storage answered 403: AccessDenied",
		},
		"plain text without a code": {
			status: 503, header: map[string]string{"Retry-After": "7"}, body: "busy",
			want: &Refusal{StatusCode: 503, Message: "busy", RetryAfter: 7 * time.Second}, text: "the storage answered 503",
		},
		"JSON": {
			status: 403, header: map[string]string{"Content-Type": "application/json"}, body: `{"error":{"code":403,"message":"no permission"}}`,
			want: &Refusal{StatusCode: 403, Code: "403", Message: "no permission"}, text: "the storage answered 403: 403",
		},
		"a page": {
			status: 502, header: map[string]string{"Content-Type": "text/html"}, body: "<html><title>502 Bad Gateway</title><hr>nginx</html>",
			want: &Refusal{StatusCode: 502, Message: "502 Bad Gateway", Page: true}, text: "the storage answered 502",
		},
		"XML that breaks off": {
			status: 500, body: "<Error><Code>Half", want: &Refusal{StatusCode: 500, Code: "Half"}, text: "the storage answered 500: Half",
		},
		"an endless code": {
			status: 500, body: "<Error><Code>" + strings.Repeat("x", 2*maxAnswer),
			want: &Refusal{StatusCode: 500, Code: strings.Repeat("x", 79) + "…"}, text: "the storage answered 500: " + strings.Repeat("x", 79) + "…",
		},
		"hostile text": {
			status: 400, body: "<Error><Code>a&lt;b&gt;\x1b[31m</Code><Message>&lt;script&gt;\n::set-output name=x::pwned X-Amz-Signature=abcdef</Message></Error>",
			want: &Refusal{StatusCode: 400, Code: "a b [31m", Message: "script ::set-output name=x::pwned X-Amz-Signature=…"},
			text: "the storage answered 400: a b [31m",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := put(t, test.status, test.header, test.body)
			assert.Equal(t, test.want, err)
			assert.EqualError(t, err, test.text)
		})
	}
}

func TestARefusalDoesNotRepeatTheSignature(t *testing.T) {
	t.Parallel()
	const signature = "0123456789abcdef/+0123456789abcdef"
	client, target := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "bad signature "+signature+" and "+url.QueryEscape(signature))
	})
	target.RawQuery = "sig=" + url.QueryEscape(signature)
	err := errOf(client.Put(t.Context(), target, strings.NewReader("abc"), 3, nil))
	assert.Equal(t, &Refusal{StatusCode: 403, Message: "bad signature … and …"}, err)

	a := answer{target: &url.URL{RawQuery: "sig=0123456789abcdef&name=123456789abcdef"}}
	assert.Equal(t, "… of 123456789abcdef", a.clean("0123456789abcdef of 123456789abcdef", maxMessage), "from 16 characters on")
}

func TestRefusalKnowsWhatWouldHelp(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		refusal            Refusal
		expired, transient bool
	}{
		"expired URL":        {refusal: Refusal{StatusCode: 403, Code: "AccessDenied", Message: "Request has expired", expired: true}, expired: true},
		"denied":             {refusal: Refusal{StatusCode: 403, Code: "AccessDenied", Message: "Access Denied"}},
		"expired session":    {refusal: Refusal{StatusCode: 400, Code: "ExpiredToken"}, expired: true},
		"refresh":            {refusal: Refusal{StatusCode: 400, Code: "TokenRefreshRequired"}, expired: true},
		"expired at R2":      {refusal: Refusal{StatusCode: 403, Code: "ExpiredRequest"}, expired: true},
		"wrong signature":    {refusal: Refusal{StatusCode: 403, Code: "SignatureDoesNotMatch", expired: true}},
		"stalled for S3":     {refusal: Refusal{StatusCode: 400, Code: "RequestTimeout"}, transient: true},
		"bad request":        {refusal: Refusal{StatusCode: 400, Code: "BadDigest"}},
		"request timeout":    {refusal: Refusal{StatusCode: 408}, transient: true},
		"too many":           {refusal: Refusal{StatusCode: 429}, transient: true},
		"internal error":     {refusal: Refusal{StatusCode: 500}, transient: true},
		"not implemented":    {refusal: Refusal{StatusCode: 501}},
		"bad gateway":        {refusal: Refusal{StatusCode: 502}, transient: true},
		"slow down":          {refusal: Refusal{StatusCode: 503, Code: "SlowDown"}, transient: true},
		"gateway timeout":    {refusal: Refusal{StatusCode: 504}, transient: true},
		"redirect":           {refusal: Refusal{StatusCode: 307}},
		"error within a 200": {refusal: Refusal{StatusCode: 200, Code: "InternalError"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.expired, test.refusal.Expired())
			assert.Equal(t, test.transient, test.refusal.Transient())
		})
	}
}

func TestAPlainTextIsJudgedByTheCodesInIt(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"AccessDenied":                             "AccessDenied",
		"code=NoSuchBucket.":                       "NoSuchBucket",
		"(XAmzContentSHA256Mismatch)":              "XAmzContentSHA256Mismatch",
		"Md5Mismatch: z":                           "Md5Mismatch",
		"0SlowDown SlowDown9 aSlowDown SlowDownZ":  "",
		"stored, no error":                         "",
		"@InvalidURI[ @AccessDenied":               "InvalidURI",
		"`AccessDenied{":                           "AccessDenied",
		"zSlowDown ASlowDown:SlowDown0/XSlowDowna": "",
	} {
		var refusal *Refusal
		err := put(t, 200, nil, text)
		if want == "" {
			assert.NoError(t, err, text)
			continue
		}
		if assert.ErrorAs(t, err, &refusal, text) {
			assert.Equal(t, want, refusal.Code, text)
		}
	}
}
