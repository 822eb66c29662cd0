import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type FindingLevel, type Findings as Found, platformFindings } from "../../api/platform";
import { Loaded } from "../../components/Loaded";
import { StatusBadge } from "../../components/StatusBadge";
import { When } from "../../components/When";

const LEVELS: Record<FindingLevel, { color: string; word: string }> = {
  ok: { color: "teal", word: "Well" },
  warning: { color: "yellow", word: "Warning" },
  problem: { color: "red", word: "Problem" },
};
const SUMMARY: Record<FindingLevel, string> = {
  ok: "The platform is well.",
  warning: "The platform works, with warnings.",
  problem: "The platform has problems.",
};

/** What `angarium doctor` finds, and what to do about it. */
export function Findings() {
  const examination = useQuery(platformFindings);
  return (
    <Loaded query={examination} lines={3}>
      {(found) => (
        <Examined
          found={found}
          isExamining={examination.isFetching}
          onExamine={() => void examination.refetch()}
        />
      )}
    </Loaded>
  );
}

function Examined(props: { found: Found; isExamining: boolean; onExamine: () => void }) {
  const { found, isExamining, onExamine } = props;
  const [all, setAll] = useState(false);
  const wrong = found.findings.filter(({ level }) => level !== "ok");
  const shown = all ? found.findings : wrong;
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Group gap="xs">
          <StatusBadge color={LEVELS[found.level].color}>{SUMMARY[found.level]}</StatusBadge>
          <Text size="sm" c="dimmed">
            {found.findings.length} checks, examined <When at={found.examinedAt} />
          </Text>
        </Group>
        <Group gap="xs">
          <Button
            variant="subtle"
            size="compact-xs"
            aria-expanded={all}
            onClick={() => setAll(!all)}
          >
            {all ? "Show what is wrong only" : "Show all checks"}
          </Button>
          <Button variant="default" size="compact-xs" loading={isExamining} onClick={onExamine}>
            Examine again
          </Button>
        </Group>
      </Group>
      {shown.map(({ level, subject, sentence, remedy }) => (
        <Alert
          key={`${subject} ${sentence}`}
          color={LEVELS[level].color}
          title={`${LEVELS[level].word}: ${subject}`}
        >
          <Text size="sm">{sentence}</Text>
          {remedy && (
            <Text size="sm" mt={4}>
              What to do: {remedy}
            </Text>
          )}
        </Alert>
      ))}
    </Stack>
  );
}
