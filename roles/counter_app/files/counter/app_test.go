package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

func appWith(t *testing.T, timeout time.Duration, addresses ...string) *app {
	t.Helper()
	given := settings{addresses: addresses, user: "counter", password: "secret", key: "k", pod: "pod-1", title: "A <title>", timeout: timeout, stopDelay: 20 * time.Millisecond}
	return &app{settings: given, store: newStore(given)}
}

func call(t *testing.T, a *app, method, path, accept string) (int, string) {
	t.Helper()
	request := httptest.NewRequest(method, path, nil)
	request.Header.Set("Accept", accept)
	recorder := httptest.NewRecorder()
	a.handler().ServeHTTP(recorder, request)
	return recorder.Code, recorder.Body.String()
}

func expect(t *testing.T, code int, body string, wantCode int, want string) {
	t.Helper()
	if code != wantCode || !strings.Contains(body, want) {
		t.Errorf("%d %q, and not %d %q", code, body, wantCode, want)
	}
}

func TestItCounts(t *testing.T) {
	redis := startRedis(t, nil)
	a := appWith(t, time.Second, redis.address)
	code, body := call(t, a, "GET", "/", "*/*")
	expect(t, code, body, 200, `{"title":"A \u003ctitle\u003e","counter":0,"pod":"pod-1"}`)
	for _, want := range []string{`"counter":1,`, `"counter":2,`} {
		code, body = call(t, a, "POST", "/count", "")
		expect(t, code, body, 200, want)
	}
	code, body = call(t, a, "GET", "/", "text/html,*/*")
	expect(t, code, body, 200, `<strong id="counter">2</strong>`)
	expect(t, code, body, 200, `A &lt;title&gt;`)
	if redis.heard[0] != "AUTH counter secret" || slices.Index(redis.heard[1:], "AUTH counter secret") >= 0 {
		t.Errorf("it logs in once a connection: %q", redis.heard)
	}
	if code, _ := call(t, a, "GET", "/elsewhere", ""); code != 404 {
		t.Errorf("%d for a page that is not there", code)
	}
}

func TestItAnswersBelowAPath(t *testing.T) {
	a := appWith(t, time.Second, startRedis(t, nil).address)
	a.path = "/tools/counter"
	for _, path := range []string{"/tools/counter", "/tools/counter/"} {
		code, body := call(t, a, "GET", path, "text/html")
		expect(t, code, body, 200, `action="/tools/counter/count"`)
	}
	code, body := call(t, a, "POST", "/tools/counter/count", "")
	expect(t, code, body, 200, `"counter":1,`)
	for _, path := range []string{"/", "/tools/counter/other"} {
		if code, _ := call(t, a, "GET", path, ""); code != 404 {
			t.Errorf("%d for %s", code, path)
		}
	}
	code, body = call(t, a, "GET", "/readyz", "")
	expect(t, code, body, 200, "ok")
}

func TestItFollowsTheClusterToTheOwnerOfTheKey(t *testing.T) {
	owner := startRedis(t, nil)
	other := startRedis(t, map[string]string{"INCR": "-MOVED 42 " + owner.address + "\r\n"})
	a := appWith(t, time.Second, "127.0.0.1:1", other.address)
	code, body := call(t, a, "POST", "/count", "")
	expect(t, code, body, 200, `"counter":1,`)
	code, body = call(t, a, "POST", "/count", "")
	expect(t, code, body, 200, `"counter":2,`)
	if count := len(other.heard); count != 2 { // AUTH and the first INCR: from then on the owner is known.
		t.Errorf("the other was asked again: %q", other.heard)
	}
}

func TestWhileASlotMovesItAsksBothSides(t *testing.T) {
	target := startRedis(t, nil)
	source := startRedis(t, map[string]string{"INCR": "-ASK 42 " + target.address + "\r\n"})
	code, body := call(t, appWith(t, time.Second, source.address), "POST", "/count", "")
	expect(t, code, body, 200, `"counter":1,`)
	if !slices.Equal(target.heard, []string{"AUTH counter secret", "ASKING", "INCR k"}) {
		t.Errorf("%q", target.heard)
	}
}

func TestACountWhoseAnswerIsLostIsNotTriedAgain(t *testing.T) {
	redis := startRedis(t, map[string]string{"INCR": "hang up"})
	spare := startRedis(t, nil)
	code, body := call(t, appWith(t, time.Second, redis.address, spare.address), "POST", "/count", "")
	expect(t, code, body, 503, "Redis did not answer")
	if len(spare.heard) > 0 {
		t.Errorf("it was tried elsewhere: %q", spare.heard)
	}
}

func TestAConnectionThatWasClosedMeanwhileIsNotUsed(t *testing.T) {
	redis := startRedis(t, nil)
	a := appWith(t, time.Second, redis.address)
	call(t, a, "POST", "/count", "")
	redis.hangUp()
	time.Sleep(20 * time.Millisecond)
	code, body := call(t, a, "POST", "/count", "")
	expect(t, code, body, 200, `"counter":2,`)
}

func TestItWaitsForARedisThatLoads(t *testing.T) {
	redis := startRedis(t, map[string]string{"GET": "-LOADING Redis is loading the dataset in memory\r\n"})
	a := appWith(t, 2*time.Second, redis.address)
	time.AfterFunc(150*time.Millisecond, func() {
		redis.mutex.Lock()
		defer redis.mutex.Unlock()
		delete(redis.answers, "GET")
	})
	code, body := call(t, a, "GET", "/", "")
	expect(t, code, body, 200, `"counter":0,`)
}

func TestReadinessFollowsRedisAndHealthDoesNot(t *testing.T) {
	wrong := startRedis(t, map[string]string{"AUTH": "-WRONGPASS invalid username-password pair or user is disabled.\r\n"})
	for _, a := range []*app{appWith(t, 300*time.Millisecond, "127.0.0.1:1"), appWith(t, 5*time.Second, wrong.address)} {
		start := time.Now()
		code, body := call(t, a, "GET", "/readyz", "")
		expect(t, code, body, 503, "Redis did not answer")
		if strings.Contains(body, "127.0.0.1") || time.Since(start) > time.Second {
			t.Errorf("%q after %s", body, time.Since(start))
		}
		code, body = call(t, a, "GET", "/healthz", "")
		expect(t, code, body, 200, "ok")
	}
}

func TestWhenToldToEndItIsNotReadyButStillAnswers(t *testing.T) {
	a := appWith(t, time.Second, startRedis(t, nil).address)
	server := &http.Server{Handler: a.handler()}
	front := httptest.NewUnstartedServer(nil)
	front.Config = server
	front.Start()
	done := make(chan error)
	a.stopDelay = 200 * time.Millisecond
	go func() { done <- a.end(server) }()
	time.Sleep(50 * time.Millisecond)
	for path, want := range map[string]int{"/readyz": 503, "/": 200} {
		answer, err := http.Get(front.URL + path)
		if err != nil || answer.StatusCode != want {
			t.Errorf("%s: %v %v", path, answer, err)
			continue
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestSettingsSayWhatIsMissing(t *testing.T) {
	for name, want := range map[string]string{"": "REDIS_ADDRESSES is needed", "STOP_DELAY": "STOP_DELAY: time: invalid duration"} {
		_, err := readSettings(func(asked string) string {
			if asked == name || asked == "REDIS_ADDRESSES" && name != "" {
				return "redis"
			}
			return ""
		})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v", name, err)
		}
	}
	given, err := readSettings(func(asked string) string { return map[string]string{"REDIS_ADDRESSES": "a, b:7000"}[asked] })
	if err != nil || !slices.Equal(given.addresses, []string{"a:6379", "b:7000"}) {
		t.Error(given, err)
	}
}
