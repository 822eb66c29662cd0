/** The events of the platform that operational webhooks tell of. */
export const OPERATIONAL_TYPES: Record<string, string> = {
  "endpoint.created": "An endpoint was created.",
  "endpoint.updated": "An endpoint was changed.",
  "endpoint.deleted": "An endpoint was deleted.",
  "endpoint.disabled": "An endpoint was disabled, because it had failed for days.",
  "message.attempt.exhausted": "A message could not be delivered, and is not retried any more.",
  "message.attempt.failing": "A message has failed several times.",
  "message.attempt.recovered": "A message was delivered after it had failed several times.",
};
