// Package sdk drives the platform at PLATFORM_URL with the Go SDK, and verifies what arrives with
// its webhook library.
package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"testing"
	"time"

	svix "github.com/svix/svix-webhooks/go"
	"github.com/svix/svix-webhooks/go/models"
)

type webhook struct {
	headers http.Header
	body    []byte
}

func client(t *testing.T) *svix.Svix {
	t.Helper()
	server, err := url.Parse(os.Getenv("PLATFORM_URL"))
	if err != nil {
		t.Fatal(err)
	}
	return must[*svix.Svix](t)(svix.New(os.Getenv("PLATFORM_KEY"), &svix.SvixOptions{ServerUrl: server}))
}

func receiver(t *testing.T) (string, <-chan webhook) {
	t.Helper()
	received := make(chan webhook, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		received <- webhook{r.Header, body}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(server.Close)
	return server.URL, received
}

func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			var refused *svix.Error
			if errors.As(err, &refused) {
				t.Fatalf("%v: %s", err, refused.Body())
			}
			t.Fatal(err)
		}
		return value
	}
}

func TestApplicationsAndEndpoints(t *testing.T) {
	ctx, api := context.Background(), client(t)
	uid := "go-" + time.Now().Format("20060102150405.000000000")
	made := must[*models.ApplicationOut](t)(api.Application.Create(ctx, models.ApplicationIn{
		Name: "Acme", Uid: &uid,
	}, nil))
	again := must[*models.ApplicationOut](t)(api.Application.GetOrCreate(ctx, models.ApplicationIn{
		Name: "Other", Uid: &uid,
	}, nil))
	if again.Id != made.Id || again.Name != "Acme" {
		t.Fatalf("%v is not %v", again, made)
	}
	endpoint := must[*models.EndpointOut](t)(api.Endpoint.Create(ctx, uid, models.EndpointIn{
		Url: "https://example.com/webhooks", FilterTypes: []string{"invoice.paid"},
	}, nil))
	if endpoint.Version != 1 || len(endpoint.FilterTypes) != 1 {
		t.Fatalf("the endpoint is %v", endpoint)
	}
	list := must[*models.ListResponseEndpointOut](t)(api.Endpoint.List(ctx, uid, nil))
	if len(list.Data) != 1 || !list.Done {
		t.Fatalf("the list is %v", list)
	}
	if err := api.Application.Delete(ctx, uid); err != nil {
		t.Fatal(err)
	}
	_, err := api.Application.Get(ctx, uid)
	var refused *svix.Error
	if !errors.As(err, &refused) || refused.Status() != http.StatusNotFound {
		t.Fatalf("the deleted application gives %v", err)
	}
}

func TestMessagesAreVerified(t *testing.T) {
	ctx, api := context.Background(), client(t)
	address, received := receiver(t)
	app := must[*models.ApplicationOut](t)(api.Application.Create(ctx, models.ApplicationIn{Name: "Acme"}, nil))
	endpoint := must[*models.EndpointOut](t)(api.Endpoint.Create(ctx, app.Id, models.EndpointIn{Url: address}, nil))
	secret := must[*models.EndpointSecretOut](t)(api.Endpoint.GetSecret(ctx, app.Id, endpoint.Id))
	message := must[*models.MessageOut](t)(api.Message.Create(ctx, app.Id, models.MessageIn{
		EventType: "invoice.paid", Payload: map[string]any{"id": "in_1"},
	}, nil))
	got := <-received
	verifier := must[*svix.Webhook](t)(svix.NewWebhook(secret.Key))
	if err := verifier.Verify(got.body, got.headers); err != nil {
		t.Fatal(err)
	}
	if verifier.Verify(append(got.body, ' '), got.headers) == nil {
		t.Fatal("another body is verified, too")
	}
	var payload map[string]string
	if err := json.Unmarshal(got.body, &payload); err != nil || payload["id"] != "in_1" {
		t.Fatalf("received %s: %v", got.body, err)
	}
	if got.headers.Get("webhook-id") != message.Id {
		t.Fatalf("%v is not %s", got.headers, message.Id)
	}
	for {
		attempts := must[*models.ListResponseMessageAttemptOut](t)(
			api.MessageAttempt.ListByMsg(ctx, app.Id, message.Id, nil))
		if len(attempts.Data) == 1 && attempts.Data[0].ResponseStatusCode == http.StatusNoContent {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	must[*models.EmptyResponse](t)(api.MessageAttempt.Resend(ctx, app.Id, message.Id, endpoint.Id, nil))
	if again := <-received; again.headers.Get("webhook-id") != message.Id {
		t.Fatalf("the resend is %v", again.headers)
	}
}

func TestRawPayloads(t *testing.T) {
	ctx, api := context.Background(), client(t)
	address, received := receiver(t)
	app := must[*models.ApplicationOut](t)(api.Application.Create(ctx, models.ApplicationIn{Name: "Acme"}, nil))
	must[*models.EndpointOut](t)(api.Endpoint.Create(ctx, app.Id, models.EndpointIn{Url: address}, nil))
	raw := `{"amount": 1.0, "id":"in_1"}`
	contentType := "application/json"
	must[*models.MessageOut](t)(
		api.Message.Create(ctx, app.Id, *svix.NewMessageInRaw("invoice.paid", raw, &contentType), nil))
	if got := <-received; string(got.body) != raw {
		t.Fatalf("received %s", got.body)
	}
}
