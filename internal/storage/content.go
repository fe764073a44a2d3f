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

// anonymous is the code of an error that has none.
const anonymous = "Error"

// Why an answer with a good status does not count.
const (
	saysError  = "the answer speaks of an error"
	isPage     = "the answer is a web page, as a proxy or a login in the storage's place sends it"
	unreadable = "the answer cannot be read to its end"
)

// content is what the body of an answer says.
type content struct {
	code, message, requestID string
	complaint                string // "" where nothing speaks against a success
}

// parse reads a body, which is whole or only the beginning of one.
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

// parseXML reads leniently, so that an entity of the document's own, a control character or an unfinished document does
// not hide an error.
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
			if said := strings.TrimSpace(string(token)); said != "" && len(path) > 0 {
				c.take(path[len(path)-1], said)
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

// take keeps the text of an element, where it is one that says something.
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

// dropDeclaration drops <?xml …?>: its version and encoding are for us, and encoding/xml refuses all but 1.0 and UTF-8.
func dropDeclaration(text []byte) []byte {
	if !bytes.HasPrefix(text, []byte("<?xml")) {
		return text
	}
	if end := bytes.Index(text, []byte("?>")); end >= 0 {
		return bytes.TrimSpace(text[end+2:])
	}
	return text
}

// decodeText returns a body in UTF-8. What is neither UTF-8 nor UTF-16 is taken for Latin 1, in which every byte is a
// character: the names that matter are ASCII.
func decodeText(body []byte) []byte {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
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

// validUTF8 overlooks a character that the end of the window cuts through.
func validUTF8(body []byte) bool {
	for cut := range min(utf8.UTFMax, len(body)+1) {
		if utf8.Valid(body[:len(body)-cut]) {
			return true
		}
	}
	return false
}

// decodeUTF16 reads UTF-16 whose low byte is at the given place of each pair.
func decodeUTF16(body []byte, low int) []byte {
	units := make([]uint16, 0, len(body)/2)
	for i := 0; i+1 < len(body); i += 2 {
		units = append(units, uint16(body[i+low])|uint16(body[i+1-low])<<8)
	}
	return []byte(strings.TrimPrefix(string(utf16.Decode(units)), "\ufeff"))
}

// knownCode returns the first word of a plain text that is the code of an error of S3, Google Cloud Storage or Azure
// (their "Error responses" pages), as far as an upload can meet it.
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
