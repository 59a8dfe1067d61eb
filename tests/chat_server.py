"""A server on this machine that speaks OpenAI's chat completions, and misbehaves when told to.

`with ChatServer() as server:` answers below `server.base_url`. `server.then(…)` queues how the next requests are answered; a
request whose text holds a word of `server.by_word` is answered as that says. Everything that was asked is in `server.asked`.
"""

import json
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass
class Act:
    """How one request is answered: `cut` off after so many bytes of the body, `slow` by seconds, or in a `drip` of bytes."""

    status: int = 200
    text: str | None = None
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    slow: float = 0.0
    drip: float = 0.0
    usage: Any = None


class ChatServer:
    def __init__(self, key: str = "") -> None:
        self.key, self.asked, self.at_once, self.most_at_once = key, list[dict[str, Any]](), 0, 0
        self.by_word: dict[str, Act] = {}
        self.judge: Callable[[str], str] = lambda text: f"It says {len(text)} characters.\nPoints: {len(text) % 6}"
        self.lock = threading.Lock()
        self._acts: deque[Act] = deque()
        chat = self

        class Handler(_Handler):
            server_chat = chat

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def then(self, *acts: Act) -> None:
        self._acts.extend(acts)

    def act_for(self, prompt: str) -> Act:
        with self.lock:
            if self._acts:
                return self._acts.popleft()
        return next((act for word, act in self.by_word.items() if word in prompt), Act())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_chat: ChatServer
    counted = 0  # whether the request is among those that are answered at this time

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.reply(405, b"")

    def do_POST(self) -> None:
        chat = self.server_chat
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with chat.lock:
            chat.at_once, self.counted = chat.at_once + 1, 1
            chat.most_at_once = max(chat.most_at_once, chat.at_once)
        try:
            self.answer(chat, json.loads(body))
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            self.answered()

    def answered(self) -> None:
        """Before the client can know it, who then asks the next question."""
        with self.server_chat.lock:
            self.server_chat.at_once, self.counted = self.server_chat.at_once - self.counted, 0

    def answer(self, chat: ChatServer, body: dict[str, Any]) -> None:
        with chat.lock:
            chat.asked.append(
                {"path": self.path, "headers": dict(self.headers), "body": body, "time": time.monotonic()}
            )
        if self.path != "/v1/chat/completions":
            return self.reply(404, b'{"error": {"message": "no such path"}}')
        if chat.key and self.headers.get("Authorization") != f"Bearer {chat.key}":
            told = self.headers.get("Authorization", "").removeprefix("Bearer ")
            return self.reply(401, json.dumps({"error": {"message": f"Incorrect API key provided: {told}"}}).encode())
        prompt = body["messages"][0]["content"]
        act = chat.act_for(prompt)
        time.sleep(act.slow)
        return self.reply(act.status, act.body if act.body is not None else self.said(chat, body, prompt, act), act)

    def said(self, chat: ChatServer, body: dict[str, Any], prompt: str, act: Act) -> bytes:
        page = prompt.partition("====\n")[2].partition("\n====")[0] or prompt
        text = act.text if act.text is not None else chat.judge(page)
        if act.status != 200:
            return json.dumps({"error": {"message": text, "type": "of_its_own"}}).encode()
        usage = {"prompt_tokens": len(prompt) // 4, "completion_tokens": 20} if act.usage is None else act.usage
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        return json.dumps({"id": "1", "model": body["model"], "choices": [choice], "usage": usage}).encode()

    def reply(self, status: int, body: bytes, act: Act | None = None) -> None:
        act = act or Act()
        self.answered()
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **act.headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if act.drip:
            for byte in body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(act.drip)
            return
        self.wfile.write(body if act.cut is None else body[: act.cut])
        if act.cut is not None:
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
