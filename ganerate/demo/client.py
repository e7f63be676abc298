"""The site's own API and pages, as a program outside would call them."""

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin

import urllib3


class DemoFailed(Exception):
    """Something did not go as it should; the text is one line for people."""


class Client:
    """One person with a token."""

    def __init__(self, site: str, token: str) -> None:
        self.site = site
        self.headers = {"Authorization": f"Token {token}", "Accept-Language": "en"}
        self.pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=5, read=300), retries=False)

    def request(self, method: str, path: str, data: Any = None, **headers: str) -> urllib3.BaseHTTPResponse:
        body = data if isinstance(data, bytes) or data is None else json.dumps(data).encode()
        kind = "application/octet-stream" if isinstance(data, bytes) else "application/json"
        response = self.pool.request(
            method, urljoin(self.site, path), body=body, headers=self.headers | {"Content-Type": kind} | headers
        )
        if response.status >= 400:
            raise DemoFailed(f"{method} {path} answered {response.status}: {problem(response)}")
        return response

    def get(self, path: str) -> Any:
        return self.request("GET", path).json()

    def post(self, path: str, data: Any = None, **headers: str) -> Any:
        return self.request("POST", path, data if data is not None else {}, **headers).json()

    def send(self, address: str, data: bytes) -> None:
        """To a store that takes it without a token."""
        response = self.pool.request("PUT", address, body=data)
        if response.status != 200:
            raise DemoFailed(f"The store of files answered {response.status} to a part of the upload.")

    def save(self, path: str, target: Path) -> Path:
        """Downloads a file to disk without holding it in memory, by a link to the store where the site gives one."""
        response = self.pool.request("GET", urljoin(self.site, path), headers=self.headers, preload_content=False)
        if link := response.get_redirect_location():
            response.drain_conn()
            response = self.pool.request("GET", link, preload_content=False)
        if response.status != 200:
            raise DemoFailed(f"GET {path} answered {response.status}: {problem(response)}")
        with target.open("wb") as file:
            for chunk in response.stream(1 << 20):
                file.write(chunk)
        return target

    def events(self, path: str) -> Iterator[dict[str, Any]]:
        """Server-sent events, each once and in order, over as many connections as it takes."""
        last = 0
        while True:
            try:
                for event in self._stream(path, last):
                    last = event["number"] or last
                    yield event
                    if event["kind"] in ("succeeded", "failed", "cancelled"):
                        return
            except (urllib3.exceptions.HTTPError, OSError):
                continue

    def _stream(self, path: str, last: int) -> Iterator[dict[str, Any]]:
        headers = self.headers | {"Accept": "text/event-stream", "Last-Event-ID": str(last)}
        response = self.pool.request("GET", urljoin(self.site, path), headers=headers, preload_content=False)
        if response.status != 200:
            raise DemoFailed(f"GET {path} answered {response.status}: {problem(response)}")
        rest = b""
        for chunk in response.stream(4096):
            *blocks, rest = (rest + chunk).split(b"\n\n")
            for block in blocks:
                data = [line[5:].strip() for line in block.split(b"\n") if line.startswith(b"data:")]
                if data:
                    yield json.loads(b"\n".join(data))


def problem(response: urllib3.BaseHTTPResponse) -> str:
    try:
        answer = json.loads(response.data)
    except ValueError:
        return "no explanation"
    return str(answer.get("detail") or answer.get("title") or answer)


class Form(HTMLParser):
    """The fields of the form on a page that holds `field`, and the links of the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "a" and attributes.get("href"):
            self.links.append(str(attributes["href"]))
        if tag == "input" and attributes.get("type") in ("hidden", "text", "password", "email", None):
            self.fields[str(attributes.get("name"))] = attributes.get("value") or ""


class Browser:
    """A person at the site's pages: follows links and sends forms, cookies and all, without JavaScript."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.cookies: dict[str, str] = {}
        self.pool = urllib3.PoolManager(timeout=60, retries=False)

    def open(self, path: str, fields: dict[str, str] | None = None) -> str:
        address = urljoin(self.site, path)
        for _ in range(5):
            response = self._send(address, fields)
            if response.status not in (301, 302, 303):
                break
            address, fields = urljoin(address, response.headers["Location"]), None
        if response.status != 200:
            raise DemoFailed(f"The page {path} answered {response.status}.")
        return response.data.decode()

    def _send(self, address: str, fields: dict[str, str] | None) -> urllib3.BaseHTTPResponse:
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()), "Referer": address}
        if fields is None:
            response = self.pool.request("GET", address, headers=headers, redirect=False)
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(fields).encode()
            response = self.pool.request("POST", address, body=body, headers=headers, redirect=False)
        for cookie in response.headers.getlist("Set-Cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return response
