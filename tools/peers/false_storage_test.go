package peers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/codeant-sdk/codeant"
)

// What stands in the storage's place and says 200 without having stored anything.
var falseStorages = []struct {
	name    string
	nginx   nginx
	haproxy haproxy
	sizes   []int
}{
	{
		name:    "200 without having read the report",
		nginx:   nginx{server: "return 200;"},
		haproxy: haproxy{frontend: "http-request return status 200"},
		sizes:   []int{256 << 10, medium, 30 << 20}, // one of up to 64 KiB cannot be told apart
	},
	{
		name:    "200 with a page",
		nginx:   nginx{server: `default_type text/html; return 200 "<html><body>Please log in</body></html>";`},
		haproxy: haproxy{frontend: returns("text/html", "<html><body>Please log in</body></html>")},
		sizes:   []int{small, medium},
	},
	{
		name:    "200 with an error in XML",
		nginx:   nginx{server: `default_type application/xml; return 200 "<Error><Code>InternalError</Code></Error>";`},
		haproxy: haproxy{frontend: returns("application/xml", "<Error><Code>InternalError</Code></Error>")},
		sizes:   []int{small, medium},
	},
	{
		name:    "200 with an error in JSON",
		nginx:   nginx{server: `default_type application/json; return 200 '{"error":"no space"}';`},
		haproxy: haproxy{frontend: returns("application/json", `{"error":"no space"}`)},
		sizes:   []int{small, medium},
	},
	{
		name:    "202",
		nginx:   nginx{server: "return 202;"},
		haproxy: haproxy{frontend: "http-request return status 202"},
		sizes:   []int{small, medium},
	},
}

// returns is a line of HAProxy's configuration that answers every request with this.
func returns(contentType, body string) string {
	return fmt.Sprintf("http-request return status 200 content-type %s string %q", contentType, body)
}

func testFalseStorages(t *testing.T, launch func(t *testing.T, http2 bool, i int) *front) {
	everyProtocol(t, func(t *testing.T, http2 bool) {
		for i, c := range falseStorages {
			t.Run(c.name, func(t *testing.T) {
				front := launch(t, http2, i)
				for _, size := range c.sizes {
					api := newPresigner(t, front.url+"/coverage.xml?sig=aSignatureThatIsSecret")
					result, err := api.upload(within(t, 30*time.Second), t, report(size), codeant.WithRetry(codeant.RetryPolicy{
						BaseDelay: 20 * time.Millisecond, ThrottleDelay: 20 * time.Millisecond,
					}))
					api.assertUnfinished(t, result, err)
					if err != nil {
						assert.False(t, strings.ContainsAny(err.Error(), "<\n"), "%v", err)
					}
				}
			})
		}
	})
}

func TestNginxIsNotTheStorage(t *testing.T) {
	testFalseStorages(t, func(t *testing.T, http2 bool, i int) *front {
		n := falseStorages[i].nginx
		n.limit = "0"
		return startNginx(t, http2, address(freePort(t)), n)
	})
}

func TestHAProxyIsNotTheStorage(t *testing.T) {
	testFalseStorages(t, func(t *testing.T, http2 bool, i int) *front {
		return startHAProxy(t, http2, address(freePort(t)), falseStorages[i].haproxy)
	})
}
