import { SimpleGrid, Stack, Text, Title } from "@mantine/core";
import "@mantine/core/styles/SimpleGrid.css";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Attempt } from "../../api/deliveries";
import { headersOfAttempt, oneAttempt } from "../../api/deliveries";
import { type RawPayload, rawPayload } from "../../api/messages";
import { CopyButton } from "../../components/CopyButton";
import { Loaded } from "../../components/Loaded";
import { useApplication } from "../application";
import { BodyView } from "./BodyView";
import { curlCommand } from "./curl";
import { Explained } from "./Explained";
import { HeaderTable } from "./HeaderTable";
import { useSentBody } from "./use-sent-body";

/** So much of a response the API keeps. */
const RESPONSE_BYTES_KEPT = 16_384;
const EXPUNGED = "EXPUNGED";

/** One attempt: why it failed, the request as it was sent, the response as it came. */
export function AttemptDetail(props: { msgId: string; attemptId: string }) {
  const { msgId, attemptId } = props;
  const { appId } = useApplication();
  const query = useQuery(oneAttempt(appId, msgId, attemptId));
  return (
    <Loaded query={query}>
      {(attempt) => (
        <Stack gap="md">
          <Explained attempt={attempt} />
          <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
            <Request attempt={attempt} />
            <Response attempt={attempt} />
          </SimpleGrid>
        </Stack>
      )}
    </Loaded>
  );
}

function Request(props: { attempt: Attempt }) {
  const { attempt } = props;
  const { appId } = useApplication();
  const headers = useQuery(headersOfAttempt(appId, attempt.msgId, attempt.id));
  const payload = useQuery(rawPayload(appId, attempt.msgId));
  const sent = headers.data ?? undefined;
  const body = useSentBody(attempt, payload.data);
  const command = () =>
    curlCommand({
      url: sent?.url ?? attempt.url,
      headers: sent?.sentHeaders ?? {
        "content-type": payload.data?.contentType ?? "application/json",
        "webhook-id": attempt.msgId,
      },
      sensitive: sent?.sensitive ?? [],
      body: body ?? new Uint8Array(),
    });
  return (
    <Stack gap="xs" component="section" aria-label="Request" miw={0}>
      <Title order={4} size="h5">
        Request
      </Title>
      <Text size="sm" ff="monospace" style={{ overflowWrap: "anywhere" }}>
        {sent?.method ?? "POST"} {sent?.url ?? attempt.url}
        {sent?.httpVersion && ` HTTP/${sent.httpVersion}`}
      </Text>
      {body && headers.isSuccess && (
        <div>
          <CopyButton label="as curl" text={command}>
            Copy as curl
          </CopyButton>
        </div>
      )}
      {headers.isSuccess &&
        (sent ? (
          <HeaderTable
            label="Request headers"
            headers={Object.entries(sent.sentHeaders)}
            sensitive={sent.sensitive}
          />
        ) : (
          <NotKept>The headers of this request are not kept.</NotKept>
        ))}
      {sent?.truncated && <NotKept>The headers were cut: they were too long to be kept.</NotKept>}
      <Loaded query={payload} lines={3}>
        {(loaded) =>
          loaded === null ? (
            <NotKept>The payload was deleted. Its message and attempts stay on record.</NotKept>
          ) : (
            <SentBody payload={loaded} body={body} />
          )
        }
      </Loaded>
    </Stack>
  );
}

/** Some endpoints get another form of the payload. It is not kept, but made again where it can be. */
function SentBody(props: { payload: RawPayload; body?: Uint8Array<ArrayBuffer> }) {
  const { payload, body } = props;
  if (body === payload.bytes)
    return <BodyView of="request body" bytes={body} contentType={payload.contentType} />;
  return (
    <>
      <BodyView
        of="request body"
        bytes={body ?? payload.bytes}
        contentType={body ? undefined : payload.contentType}
      />
      <NotKept>
        {body
          ? "The endpoint gets the payload in another format. This is what was sent, made again from it."
          : "This is the message's payload. The endpoint got it in another format, such as a link."}
      </NotKept>
    </>
  );
}

function Response(props: { attempt: Attempt }) {
  const { attempt } = props;
  const { appId } = useApplication();
  const headers = useQuery(headersOfAttempt(appId, attempt.msgId, attempt.id));
  const { responseStatusCode, response, responseStatusText } = attempt;
  if (responseStatusCode === 0)
    return (
      <Stack gap="xs" component="section" aria-label="Response" miw={0}>
        <Title order={4} size="h5">
          Response
        </Title>
        <NotKept>No response came.</NotKept>
      </Stack>
    );
  const bytes = new TextEncoder().encode(response);
  const received = headers.data?.responseHeaders;
  const version = headers.data?.responseHttpVersion ?? attempt.httpVersion;
  return (
    <Stack gap="xs" component="section" aria-label="Response" miw={0}>
      <Title order={4} size="h5">
        Response
      </Title>
      <Text size="sm" ff="monospace">
        {version && `HTTP/${version} `}
        {responseStatusCode} {responseStatusText ?? headers.data?.responseStatusText ?? ""}
      </Text>
      {received ? (
        <HeaderTable label="Response headers" headers={received} />
      ) : (
        headers.isSuccess && <NotKept>The headers of this response are not kept.</NotKept>
      )}
      {response === EXPUNGED ? (
        <NotKept>The response body was deleted.</NotKept>
      ) : (
        <BodyView of="response body" bytes={bytes} contentType={typeOf(received)} />
      )}
      {bytes.length >= RESPONSE_BYTES_KEPT && (
        <NotKept>Cut here: only the first 16 KiB of a response are kept.</NotKept>
      )}
    </Stack>
  );
}

function NotKept(props: { children: ReactNode }) {
  return (
    <Text size="sm" c="dimmed">
      {props.children}
    </Text>
  );
}

function typeOf(headers: string[][] | null | undefined): string | undefined {
  return headers?.find(([name]) => name?.toLowerCase() === "content-type")?.[1];
}
