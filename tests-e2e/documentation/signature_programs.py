"""The guide's receivers in languages that a machine may lack: `make test-signatures`.

pytest collects this file only when it is named.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from .signed_webhooks import block, run

GO = """
package main

import ("bufio"; "encoding/base64"; "fmt"; "net/http"; "os"; "strings")

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		parts := strings.Split(lines.Text(), "\\t")
		header := http.Header{}
		header.Set("webhook-id", parts[0])
		header.Set("webhook-timestamp", parts[1])
		header.Set("webhook-signature", parts[2])
		body, _ := base64.StdEncoding.DecodeString(parts[3])
		fmt.Println(isGenuine(header, body))
	}
}
"""
JAVA = """
import java.util.Base64;
import java.util.Map;
import java.util.Scanner;

class Main {
    public static void main(String[] arguments) throws Exception {
        var lines = new Scanner(System.in);
        while (lines.hasNextLine()) {
            var parts = lines.nextLine().split("\\t", -1);
            var headers = Map.of("webhook-id", parts[0],
                "webhook-timestamp", parts[1], "webhook-signature", parts[2]);
            System.out.println(Webhooks.isGenuine(headers, Base64.getDecoder().decode(parts[3])));
        }
    }
}
"""
RUBY = """
STDIN.each_line(chomp: true) do |line|
  id, sent_at, signature, body = line.split("\\t", -1)
  headers = { "webhook-id" => id, "webhook-timestamp" => sent_at, "webhook-signature" => signature }
  puts genuine?(headers, Base64.decode64(body))
end
"""
PHP = """
foreach (file('php://stdin', FILE_IGNORE_NEW_LINES) as $line) {
    [$id, $sentAt, $signature, $body] = explode("\\t", $line);
    $headers = ['webhook-id' => $id, 'webhook-timestamp' => $sentAt];
    $headers['webhook-signature'] = $signature;
    echo is_genuine($headers, base64_decode($body)) ? "true\\n" : "false\\n";
}
"""


def program(name: str) -> str:
    found = shutil.which(name)
    assert found is not None, f"{name} is not installed"
    return found


def test_go(tmp_path: Path) -> None:
    (tmp_path / "webhooks.go").write_text(block("go").text)
    (tmp_path / "main.go").write_text(GO)
    (tmp_path / "go.mod").write_text("module receiver\n\ngo 1.24\n")

    run([program("go"), "run", "."], tmp_path)


def test_java(tmp_path: Path) -> None:
    (tmp_path / "Webhooks.java").write_text(block("java").text)
    (tmp_path / "Main.java").write_text(JAVA)
    subprocess.run(
        [program("javac"), "Webhooks.java", "Main.java"], cwd=tmp_path, check=True, timeout=100
    )

    run([program("java"), "-cp", ".", "Main"], tmp_path)


@pytest.mark.parametrize(("language", "loop"), [("ruby", RUBY), ("php", PHP)])
def test_a_scripting_language(tmp_path: Path, language: str, loop: str) -> None:
    (tmp_path / "receiver").write_text(block(language).text + loop)

    run([program(language), "receiver"], tmp_path)
