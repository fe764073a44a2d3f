package storage

import (
	"bytes"
	"encoding/xml"
	"io"
	"mime"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/codeant-sdk/codeant/internal/errbody"
	"github.com/codeant-sdk/codeant/internal/jsonscan"
	"github.com/codeant-sdk/codeant/internal/success"
)

// anonymous replaces the code of an error that has none.
const anonymous = "Error"

// Why an answer with a good status does not count.
const (
	saysError  = "the answer speaks of an error"
	isPage     = "the answer is a web page, as a proxy or a login in the storage's place sends it"
	unreadable = "the answer cannot be read to its end"
)

// content is the content of an answer's body.
type content struct {
	code, message, requestID string
	complaint                string // why it does not confirm a success; "" if it may
}

// parse parses a body, or only its beginning if whole is false.
func parse(contentType string, body []byte, whole bool) content {
	mediaType, _, _ := mime.ParseMediaType(contentType)
	html := mediaType == "text/html" || mediaType == "application/xhtml+xml"
	text := bytes.TrimSpace(decodeText(body))
	switch {
	case len(text) == 0:
		return content{}
	case html && bytes.IndexByte(text, '<') >= 0:
		return page(text)
	case text[0] == '<':
		return parseXML(text, whole)
	case text[0] == '{', text[0] == '[', mediaType == "application/json":
		return parseJSON(text)
	}
	c := content{message: string(text)}
	if c.code = knownCode(text); c.code != "" {
		c.complaint = saysError
	}
	return c
}

func page(text []byte) content {
	_, title := errbody.Read("text/html", text)
	return content{message: title, complaint: isPage}
}

func parseJSON(text []byte) content {
	fields, err := jsonscan.Parse(nil, text)
	if err != nil {
		return content{complaint: unreadable}
	}
	doc := jsonscan.Document{Fields: fields, Value: text}
	var c content
	c.code, c.message = errbody.Read("application/json", text)
	if reason, failed := success.Refused(doc, 0); failed {
		c.complaint = "the answer says that it failed: " + reason
	}
	return c
}

// parseXML parses leniently, so that a custom entity, a control character or a truncated document does not hide an error.
func parseXML(text []byte, whole bool) content {
	text = dropDeclaration(text)
	var c content
	decoder := xml.NewDecoder(bytes.NewReader(bytes.Map(blankControl, text)))
	decoder.Strict = false
	failed, root := false, ""
	var path []string // names of the open elements
	for {
		token, err := decoder.RawToken()
		if err != nil {
			break
		}
		switch token := token.(type) {
		case xml.StartElement:
			name := strings.ToLower(token.Name.Local)
			if root == "" {
				root = name
				failed = strings.HasPrefix(name, "error")
			}
			path = append(path, name)
		case xml.EndElement:
			path = path[:max(0, len(path)-1)]
		case xml.CharData:
			if text := strings.TrimSpace(string(token)); text != "" && len(path) > 0 {
				c.take(path[len(path)-1], text)
				failed = failed || slices.ContainsFunc(path, isError)
			}
		}
	}
	switch {
	case isHTML(root):
		return page(text)
	case failed:
		c.complaint = saysError
		if c.code == "" {
			c.code = anonymous
		}
		return c
	}
	c.code = ""
	if !whole || !wellFormed(text) {
		c.complaint = unreadable
	}
	return c
}

// take stores the text of an element that describes the error.
func (c *content) take(name, text string) {
	switch name {
	case "code":
		setOnce(&c.code, text)
	case "message":
		setOnce(&c.message, text)
	case "requestid":
		setOnce(&c.requestID, text)
	case "authenticationerrordetail": // Azure: why the signature is not accepted
		c.message += " " + text
	}
}

func setOnce(field *string, text string) {
	if *field == "" {
		*field = text
	}
}

func blankControl(r rune) rune {
	if unicode.IsControl(r) {
		return ' '
	}
	return r
}

func isError(name string) bool { return name == "error" || name == "errors" || name == "fault" }

func isHTML(root string) bool {
	switch root {
	case "html", "head", "title", "meta", "body", "script", "center", "div", "p", "h1":
		return true
	}
	return false
}

func wellFormed(text []byte) bool {
	decoder := xml.NewDecoder(bytes.NewReader(text))
	for {
		if _, err := decoder.Token(); err != nil {
			return err == io.EOF
		}
	}
}

// dropDeclaration removes <?xml …?>, because encoding/xml refuses every version but 1.0 and every encoding but UTF-8.
func dropDeclaration(text []byte) []byte {
	if !bytes.HasPrefix(text, []byte("<?xml")) {
		return text
	}
	if end := bytes.Index(text, []byte("?>")); end >= 0 {
		return bytes.TrimSpace(text[end+2:])
	}
	return text
}

// decodeText converts a body to UTF-8. A body that is neither UTF-8 nor UTF-16 is decoded as Latin 1, which is good enough
// because the names that matter are ASCII.
func decodeText(body []byte) []byte {
	body = jsonscan.TrimBOM(body)
	switch {
	case bytes.HasPrefix(body, []byte("\xff\xfe")), bytes.HasPrefix(body, []byte("<\x00")):
		return decodeUTF16(body, 0)
	case bytes.HasPrefix(body, []byte("\xfe\xff")), bytes.HasPrefix(body, []byte("\x00<")):
		return decodeUTF16(body, 1)
	case validUTF8(body):
		return body
	}
	text := make([]rune, len(body))
	for i, b := range body {
		text[i] = rune(b)
	}
	return []byte(string(text))
}

// validUTF8 reports whether body is valid UTF-8, except for an incomplete character at its end.
func validUTF8(body []byte) bool {
	for cut := range min(utf8.UTFMax, len(body)+1) {
		if utf8.Valid(body[:len(body)-cut]) {
			return true
		}
	}
	return false
}

// decodeUTF16 decodes UTF-16. low is the index of the low byte in each pair: 0 or 1.
func decodeUTF16(body []byte, low int) []byte {
	var units []uint16
	for i := 0; i+1 < len(body); i += 2 {
		units = append(units, uint16(body[i+low])|uint16(body[i+1-low])<<8)
	}
	return []byte(strings.TrimPrefix(string(utf16.Decode(units)), "\ufeff"))
}

// knownCode returns the first word of a plain text that is an error code of S3, Google Cloud Storage or Azure (their "Error
// responses" pages). It knows the codes that an upload can meet.
func knownCode(text []byte) string {
	for word := range bytes.FieldsFuncSeq(text, func(r rune) bool { return !isWord(r) }) {
		switch string(word) {
		case "AccessDenied", "AccessForbidden", "AccountProblem", "AllAccessDisabled", "AuthenticationFailed",
			"AuthorizationFailure", "AuthorizationPermissionMismatch", "BadDigest", "BlobNotFound", "ContainerNotFound",
			"EntityTooLarge", "ExpiredRequest", "ExpiredToken", "InsufficientAccountPermissions", "InsufficientStorage",
			"InternalError", "InvalidAccessKeyId", "InvalidArgument", "InvalidAuthenticationInfo", "InvalidBucketName",
			"InvalidBucketState", "InvalidDigest", "InvalidHeaderValue", "InvalidObjectState", "InvalidRequest",
			"InvalidSecurity", "InvalidToken", "InvalidURI", "KeyTooLongError", "MalformedXML", "Md5Mismatch",
			"MethodNotAllowed", "MissingContentLength", "NoSuchBucket", "NoSuchKey", "NoSuchUpload", "NotImplemented",
			"OperationAborted", "OperationTimedOut", "PermanentRedirect", "PreconditionFailed", "QuotaExceeded",
			"RequestBodyTooLarge", "RequestTimeTooSkewed", "RequestTimeout", "ResourceNotFound", "ServerBusy",
			"ServiceUnavailable", "SignatureDoesNotMatch", "SlowDown", "StorageFull", "TemporaryRedirect",
			"TokenRefreshRequired", "UnauthorizedAccess", "XAmzContentSHA256Mismatch", "XMinioStorageFull":
			return string(word)
		}
	}
	return ""
}

func isWord(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}
