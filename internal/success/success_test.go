package success_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
	"github.com/codeant-sdk/codeant/internal/success"
)

func refused(t *testing.T, body string, except success.Except) string {
	t.Helper()
	fields, err := jsonscan.Parse(nil, []byte(body))
	require.NoError(t, err)
	reason, failed := success.Refused(jsonscan.Document{Value: jsonscan.Value(body)}, except)
	sameReason, sameFailed := success.Refused(jsonscan.Document{Fields: fields, Value: jsonscan.Value(body)}, except)
	assert.Equal(t, reason, sameReason)
	assert.Equal(t, failed, sameFailed)
	assert.Equal(t, failed, reason != "")
	return reason
}

func TestAnswersThatSayTheyFailed(t *testing.T) {
	t.Parallel()
	const (
		code  = `"statusCode" of 400 or more`
		state = `"status" of 400 or more`
	)
	for body, want := range map[string]string{
		`{"status":"error"}`:                                `"status": "error"`,
		`{"status":" FAILED\n"}`:                            `"status": "failed"`,
		`{"status":"failure"}`:                              `"status": "failure"`,
		`{"status":"Fail"}`:                                 `"status": "fail"`,
		`{"status":"rejected"}`:                             `"status": "rejected"`,
		`{"status":"denied"}`:                               `"status": "denied"`,
		`{"status":"invalid"}`:                              `"status": "invalid"`,
		`{"status":"unauthorized"}`:                         `"status": "unauthorized"`,
		`{"status":"UNAUTHORIZED"}`:                         `"status": "unauthorized"`,
		`{"status":"forbidden"}`:                            `"status": "forbidden"`,
		`{"STATE":"\u0065rror"}`:                            `"state": "error"`,
		`{"st\u0061tus":"error"}`:                           `"status": "error"`,
		`{"ſtatuſ":"error"}`:                                `"status": "error"`,
		`{"status":500}`:                                    state,
		`{"status":400}`:                                    state,
		`{"status":4.0e2}`:                                  state,
		`{"status":"503"}`:                                  state,
		`{"status":" 1e999 "}`:                              state,
		`{"state":404}`:                                     `"state" of 400 or more`,
		`{"statusCode":500}`:                                code,
		`{"StatusCode":"401"}`:                              code,
		`{"statuscode":400}`:                                code,
		`{"success":false}`:                                 `"success": false`,
		`{"status":"success","success":false}`:              `"success": false`,
		`{"success":" False "}`:                             `"success": false`,
		`{"ok":false}`:                                      `"ok": false`,
		"{\"o\u212a\":false}":                               `"ok": false`, // the Kelvin sign
		`{"ok":true,"ok":false}`:                            `"ok": false`,
		`{"error":"secret"}`:                                `something in "error"`,
		`{"Error":"secret"}`:                                `something in "error"`,
		`{"error":true}`:                                    `something in "error"`,
		`{"error":1}`:                                       `something in "error"`,
		`{"error":" "}`:                                     `something in "error"`,
		`{"error":{"code":"secret"}}`:                       `something in "error"`,
		`{"error":[null]}`:                                  `something in "error"`,
		`{"error":1e999}`:                                   `something in "error"`,
		`{"errors":["secret"]}`:                             `something in "errors"`,
		`{"errorMessage":"secret","errorType":"x"}`:         `something in "errorMessage"`,
		`{"exception":"secret"}`:                            `something in "exception"`,
		" {\t\"a\" : {\"b\":1} ,\n\"ERRORS\" : {\"c\": 0}}": `something in "errors"`,
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, want, refused(t, body, 0))
		})
	}
}

func TestAnswersThatDoNot(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{}`, `[]`, `null`, `false`, `0`, `"error"`, `["error"]`,
		`{"status":"success"}`, `{"status":"pending"}`, `{"status":""}`, `{"status":null}`, `{"status":200}`, `{"status":399.9}`,
		`{"status":"200"}`, `{"status":"-500"}`, `{"status":-1e999}`, `{"status":["failed"]}`, `{"status":"500 errors"}`,
		`{"status":"0x1F4"}`, `{"status":"Infinity"}`, `{"status":"faıled"}`, `{"status":"ﬀailed"}`, `{"status":"not failed"}`,
		`{"status":false}`, `{"statusCode":204}`, `{"statusCode":"error"}`, `{"status_code":500}`,
		`{"success":true}`, `{"success":null}`, `{"success":0}`, `{"success":"no"}`, `{"ok":"true"}`,
		`{"error":null}`, `{"error":false}`, `{"error":""}`, `{"error": { } }`, `{"error": [ ]}`, `{"error":0}`, `{"error":-0.0e7}`,
		`{"errors":[]}`, `{"errorMessage":""}`, `{"exception":null}`, `{"errorType":"x"}`, `{"error_count":3}`, `{"err":"x"}`,
		`{"result":{"status":"failed","error":"x"}}`,
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, "", refused(t, body, 0))
		})
	}
}

func TestCallersJudgeWhatTheyLeaveOut(t *testing.T) {
	t.Parallel()
	for more, want := range map[string]string{
		`,"state":"failed"`: `"state": "failed"`,
		`,"statusCode":500`: `"statusCode" of 400 or more`,
		`,"error":"x"`:      `something in "error"`,
		`,"success":false`:  `"success": false`,
		``:                  "",
	} {
		t.Run(more, func(t *testing.T) {
			t.Parallel()
			body := `{"Status":"failed","ſtatus":500,"ERRORS":["x"]` + more + `}`
			assert.Equal(t, want, refused(t, body, success.Status|success.Errors))
		})
	}
	assert.Equal(t, `something in "errors"`, refused(t, `{"status":"failed","errors":["x"]}`, success.Status))
	assert.Equal(t, `"status": "failed"`, refused(t, `{"status":"failed","errors":["x"]}`, success.Errors))
	const all = `{"status":"failed","state":"failed","statusCode":500,"success":false,"ok":false,"error":1,"errors":1,"errorMessage":1,"exception":1}`
	assert.Equal(t, "", refused(t, all, success.All))
}

func TestASuccessIsJudgedWithoutAllocation(t *testing.T) {
	body := []byte(`{"status":"COMPLETED","secret_quality_gate":{"status":"PASSED"},"message":"all good","error":null,"errors":[]}`)
	assert.Zero(t, testing.AllocsPerRun(100, func() { success.Refused(jsonscan.Document{Value: body}, success.Status) }))
}
