// The counter: a page that shows a number kept in Redis and the pod that answered, and a way to add one to it.
//
//	GET  /         the page; as JSON where the client accepts only that
//	POST /count    adds one: 200 with the new number, 503 when it is not known whether it was added
//	GET  /healthz  the program runs
//	GET  /readyz   Redis answers, and the program is not about to end
//
// COUNTER_PATH stands before the first two where an ingress passes a path on. Settings are variables of the environment, see settings.go. It needs nothing but itself.
package main

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(log.LstdFlags | log.LUTC)
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	given, err := readSettings(os.Getenv)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	app := &app{settings: given, store: newStore(given)}
	server := &http.Server{Addr: given.listen, Handler: app.handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	log.Printf("%s listens at %s, with Redis at %v", given.pod, given.listen, given.addresses)
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	stop()
	return app.end(server)
}

// end says that it is not ready, goes on answering until all have heard it, and lets what is under way finish.
func (a *app) end(server *http.Server) error {
	log.Printf("told to end: not ready from now on, and gone in %s", a.stopDelay)
	a.ending.Store(true)
	time.Sleep(a.stopDelay)
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	return errors.Join(server.Shutdown(ctx), a.store.close())
}
