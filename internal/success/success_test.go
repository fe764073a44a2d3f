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
	reason, failed := success.Refused([]byte(body), except)
	sameReason, sameFailed := success.RefusedFields(fields, except)
	assert.Equal(t, reason, sameReason)
	assert.Equal(t, failed, sameFailed)
	assert.Equal(t, failed, reason != "")
	return reason
}

func TestAnswersThatSayTheyFailed(t *testing.T) {
	t.Parallel()
	const (
		code  = `has a "statusCode" of 400 or more`
		state = `has a "status" of 400 or more`
	)
	for body, want := range map[string]string{
		`{"status":"error"}`:                                `says "status": "error"`,
		`{"status":" FAILED\n"}`:                            `says "status": "failed"`,
		`{"status":"failure"}`:                              `says "status": "failure"`,
		`{"status":"Fail"}`:                                 `says "status": "fail"`,
		`{"status":"rejected"}`:                             `says "status": "rejected"`,
		`{"status":"denied"}`:                               `says "status": "denied"`,
		`{"status":"invalid"}`:                              `says "status": "invalid"`,
		`{"status":"unauthorized"}`:                         `says "status": "unauthorized"`,
		`{"status":"forbidden"}`:                            `says "status": "forbidden"`,
		`{"STATE":"\u0065rror"}`:                            `says "state": "error"`,
		`{"st\u0061tus":"error"}`:                           `says "status": "error"`,
		`{"ſtatuſ":"error"}`:                                `says "status": "error"`,
		`{"status":500}`:                                    state,
		`{"status":400}`:                                    state,
		`{"status":4.0e2}`:                                  state,
		`{"status":"503"}`:                                  state,
		`{"status":" 1e999 "}`:                              state,
		`{"state":404}`:                                     `has a "state" of 400 or more`,
		`{"statusCode":500}`:                                code,
		`{"StatusCode":"401"}`:                              code,
		`{"statuscode":400}`:                                code,
		`{"success":false}`:                                 `says "success": false`,
		`{"status":"success","success":false}`:              `says "success": false`,
		`{"success":" False "}`:                             `says "success": false`,
		`{"ok":false}`:                                      `says "ok": false`,
		"{\"o\u212a\":false}":                               `says "ok": false`, // the Kelvin sign
		`{"ok":true,"ok":false}`:                            `says "ok": false`,
		`{"error":"secret"}`:                                `holds something in "error"`,
		`{"Error":"secret"}`:                                `holds something in "error"`,
		`{"error":true}`:                                    `holds something in "error"`,
		`{"error":1}`:                                       `holds something in "error"`,
		`{"error":" "}`:                                     `holds something in "error"`,
		`{"error":{"code":"secret"}}`:                       `holds something in "error"`,
		`{"error":[null]}`:                                  `holds something in "error"`,
		`{"error":1e999}`:                                   `holds something in "error"`,
		`{"errors":["secret"]}`:                             `holds something in "errors"`,
		`{"errorMessage":"secret","errorType":"x"}`:         `holds something in "errorMessage"`,
		`{"exception":"secret"}`:                            `holds something in "exception"`,
		" {\t\"a\" : {\"b\":1} ,\n\"ERRORS\" : {\"c\": 0}}": `holds something in "errors"`,
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
		`,"state":"failed"`: `says "state": "failed"`,
		`,"statusCode":500`: `has a "statusCode" of 400 or more`,
		`,"error":"x"`:      `holds something in "error"`,
		`,"success":false`:  `says "success": false`,
		``:                  "",
	} {
		t.Run(more, func(t *testing.T) {
			t.Parallel()
			body := `{"Status":"failed","ſtatus":500,"ERRORS":["x"]` + more + `}`
			assert.Equal(t, want, refused(t, body, success.Status|success.Errors))
		})
	}
	assert.Equal(t, `holds something in "errors"`, refused(t, `{"status":"failed","errors":["x"]}`, success.Status))
	assert.Equal(t, `says "status": "failed"`, refused(t, `{"status":"failed","errors":["x"]}`, success.Errors))
}

func TestASuccessIsJudgedWithoutAllocation(t *testing.T) {
	body := []byte(`{"status":"COMPLETED","secret_quality_gate":{"status":"PASSED"},"message":"all good","error":null,"errors":[]}`)
	assert.Zero(t, testing.AllocsPerRun(100, func() { success.Refused(body, success.Status) }))
}
