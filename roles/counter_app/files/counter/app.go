package main

import (
	"context"
	"encoding/json"
	"html/template"
	"log"
	"net/http"
	"strings"
	"sync/atomic"
)

type app struct {
	settings
	store  *store
	ending atomic.Bool
}

// answer is what the page shows, and what JSON tells.
type answer struct {
	Path    string `json:"-"`
	Title   string `json:"title"`
	Counter int64  `json:"counter"`
	Pod     string `json:"pod"`
}

func (a *app) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+a.path+"/{$}", a.show)
	if a.path != "" {
		mux.HandleFunc("GET "+a.path, a.show)
	}
	mux.HandleFunc("POST "+a.path+"/count", a.count)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", a.ready)
	return mux
}

func (a *app) show(w http.ResponseWriter, r *http.Request) {
	number, err := a.ask(r.Context(), a.store.read)
	if err != nil {
		a.fail(w, err)
		return
	}
	a.tell(w, r, number)
}

func (a *app) count(w http.ResponseWriter, r *http.Request) {
	number, err := a.ask(r.Context(), a.store.add)
	if err != nil {
		a.fail(w, err)
		return
	}
	a.tell(w, r, number)
}

func (a *app) ready(w http.ResponseWriter, r *http.Request) {
	if a.ending.Load() {
		http.Error(w, "about to end", http.StatusServiceUnavailable)
		return
	}
	if _, err := a.ask(r.Context(), a.store.read); err != nil {
		a.fail(w, err)
		return
	}
	w.Write([]byte("ok\n"))
}

func (a *app) ask(ctx context.Context, what func(context.Context) (int64, error)) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	return what(ctx)
}

// fail tells the log why, and the client only that: addresses are none of its business.
func (a *app) fail(w http.ResponseWriter, err error) {
	log.Print(err)
	w.Header().Set("Retry-After", "1")
	http.Error(w, "Redis did not answer", http.StatusServiceUnavailable)
}

func (a *app) tell(w http.ResponseWriter, r *http.Request, number int64) {
	told := answer{a.path, a.title, number, a.pod}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Vary", "Accept")
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		page.Execute(w, told)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(told)
}

var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{.Title}}</title>
<style>body { font: 1.25rem/1.5 system-ui, sans-serif; max-width: 30rem; margin: 15vh auto; text-align: center } strong { display: block; font-size: 5rem; line-height: 1.2 }</style>
<h1>{{.Title}}</h1>
<strong id="counter">{{.Counter}}</strong>
<form method="post" action="{{.Path}}/count"><button>Count</button></form>
<p><small>answered by <span id="pod">{{.Pod}}</span></small></p>
</html>
`))
