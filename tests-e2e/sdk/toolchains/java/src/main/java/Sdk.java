import com.sun.net.httpserver.HttpServer;
import com.svix.Svix;
import com.svix.SvixOptions;
import com.svix.Webhook;
import com.svix.exceptions.ApiException;
import com.svix.exceptions.WebhookVerificationException;
import com.svix.models.ApplicationIn;
import com.svix.models.EndpointIn;
import com.svix.models.MessageIn;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * Drives the platform at PLATFORM_URL with the Java SDK, and verifies what arrives with its webhook
 * library. The SDK posts every payload as raw text.
 */
public final class Sdk {
  private record Received(Map<String, List<String>> headers, String body) {}

  private static final BlockingQueue<Received> RECEIVED = new ArrayBlockingQueue<>(10);

  public static void main(String[] arguments) throws Exception {
    SvixOptions options = new SvixOptions();
    options.setServerUrl(System.getenv("PLATFORM_URL"));
    Svix svix = new Svix(System.getenv("PLATFORM_KEY"), options);
    HttpServer server = receiver();
    try {
      applications(svix);
      messages(svix, "http://127.0.0.1:" + server.getAddress().getPort() + "/");
    } finally {
      server.stop(0);
    }
    System.exit(0);
  }

  private static void applications(Svix svix) throws Exception {
    String uid = UUID.randomUUID().toString();
    var made = svix.getApplication().create(new ApplicationIn().name("Acme").uid(uid));
    var again = svix.getApplication().getOrCreate(new ApplicationIn().name("Other").uid(uid));
    equal(again.getId(), made.getId());
    equal(again.getName(), "Acme");
    EndpointIn wanted =
        new EndpointIn().url(URI.create("https://example.com/webhooks")).filterTypes(Set.of("invoice.paid"));
    var endpoint = svix.getEndpoint().create(uid, wanted);
    equal(endpoint.getFilterTypes(), Set.of("invoice.paid"));
    equal(svix.getEndpoint().list(uid).getData().size(), 1);
    svix.getApplication().delete(uid);
    try {
      svix.getApplication().get(uid);
      throw new AssertionError("the deleted application is there");
    } catch (ApiException refused) {
      equal(refused.getCode(), 404);
    }
  }

  private static void messages(Svix svix, String url) throws Exception {
    String app = svix.getApplication().create(new ApplicationIn().name("Acme")).getId();
    String endpoint = svix.getEndpoint().create(app, new EndpointIn().url(URI.create(url))).getId();
    String key = svix.getEndpoint().getSecret(app, endpoint).getKey();
    String payload = "{\"amount\": 1.0, \"id\":\"in_1\"}";
    MessageIn wanted = new MessageIn().eventType("invoice.paid").payload(payload);
    String message = svix.getMessage().create(app, wanted).getId();
    Received got = RECEIVED.take();
    equal(got.body(), payload);
    HttpHeaders headers = HttpHeaders.of(got.headers(), (name, value) -> true);
    new Webhook(key).verify(got.body(), headers);
    try {
      new Webhook(key).verify(got.body() + " ", headers);
      throw new AssertionError("another body is verified, too");
    } catch (WebhookVerificationException refused) {
      equal(headers.firstValue("webhook-id").orElseThrow(), message);
    }
    while (svix.getMessageAttempt().listByMsg(app, message).getData().isEmpty()) {
      Thread.sleep(50);
    }
    var attempt = svix.getMessageAttempt().listByMsg(app, message).getData().get(0);
    equal(attempt.getResponseStatusCode().intValue(), 204);
    // A resend is left out: this version of the SDK refuses to send a POST without a body.
  }

  private static HttpServer receiver() throws Exception {
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.createContext(
        "/",
        exchange -> {
          byte[] body = exchange.getRequestBody().readAllBytes();
          RECEIVED.add(
              new Received(
                  Map.copyOf(exchange.getRequestHeaders()),
                  new String(body, StandardCharsets.UTF_8)));
          exchange.sendResponseHeaders(204, -1);
          exchange.close();
        });
    server.start();
    return server;
  }

  private static void equal(Object found, Object wanted) {
    if (!Objects.equals(found, wanted)) {
      throw new AssertionError(found + " is not " + wanted);
    }
  }
}
