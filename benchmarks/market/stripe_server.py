"""A server on this machine that answers as Stripe documents it, so that the real client library can be used against it.

Checkout Sessions, Refunds, Events; form bodies, idempotency keys, errors, lists in pages, and the signature of events.
What a buyer, a bank or somebody in Stripe's own pages does, a test does by `pay`, `dispute` and the like.
"""

import hashlib
import hmac
import itertools
import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Object = dict[str, Any]  # Any: JSON
SECRET = "whsec_0123456789abcdef0123456789"
KEY = "sk_test_0123456789abcdef0123456789"


class Refused(Exception):
    def __init__(self, message: str, status: int = 400, kind: str = "invalid_request_error", code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": kind, "message": message, **({"code": code} if code else {})}}


@dataclass
class Books:
    """All that this Stripe knows."""

    sessions: dict[str, Object] = field(default_factory=dict)
    # By payment intent: what of it was given back.
    refunds: dict[str, Object] = field(default_factory=dict)
    disputes: dict[str, Object] = field(default_factory=dict)
    events: list[Object] = field(default_factory=list)
    keys: dict[str, tuple[str, int, Object]] = field(default_factory=dict)
    # Payments that took days and came to an end.
    ended: set[str] = field(default_factory=set)
    # Answers that are not given, though the work is done: the line breaks.
    cut_lines: int = 0
    # How long a page is open.
    open_seconds: int = 86_400
    # Why no page is made.
    refuse: str = ""
    # How a refund begins; some payment methods take days.
    refund_status: str = "succeeded"
    lock: threading.RLock = field(default_factory=threading.RLock)
    serial: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def expire_old(self) -> None:
        for session in self.sessions.values():
            if session["status"] == "open" and session["expires_at"] <= time.time():
                self.expire_session(session)

    def number(self, prefix: str) -> str:
        return f"{prefix}_{next(self.serial):024d}"

    def tell(self, kind: str, what: Object) -> Object:
        event = {
            "id": self.number("evt"), "object": "event", "type": kind, "created": int(time.time()),
            "livemode": False, "pending_webhooks": 1, "data": {"object": json.loads(json.dumps(what))},
        }  # fmt: skip
        self.events.append(event)
        return event

    # What the client library asks for.

    def create_session(self, asked: Object) -> Object:
        if self.refuse:
            raise Refused(self.refuse)
        item = asked["line_items"][0]
        price, session = item["price_data"], self.number("cs_test")
        made = {
            "id": session, "object": "checkout.session", "status": "open", "payment_status": "unpaid",
            "amount_total": int(price["unit_amount"]) * int(item["quantity"]), "currency": price["currency"],
            "url": f"https://checkout.stripe.com/c/pay/{session}", "payment_intent": None, "created": int(time.time()),
            "expires_at": int(time.time()) + self.open_seconds, "metadata": asked.get("metadata", {}),
            "mode": asked["mode"],
            "client_reference_id": asked.get("client_reference_id"), "success_url": asked["success_url"],
            "livemode": False,
        }  # fmt: skip
        self.sessions[session] = made
        return made

    def expire_session(self, session: Object) -> Object:
        if session["status"] != "open":
            raise Refused(f"Only Checkout Sessions with a status in ['open'] can be expired: {session['status']}.")
        session.update(status="expired", url=None)
        self.tell("checkout.session.expired", session)
        return session

    def create_refund(self, asked: Object) -> Object:
        intent, amount = asked["payment_intent"], int(asked["amount"])
        session = self.paid_session(intent)
        left = session["amount_total"] - self.back_of(intent)
        if any(one["payment_intent"] == intent and one["status"] != "won" for one in self.disputes.values()):
            raise Refused("Charge has been charged back.", code="charge_disputed")
        if not left:
            raise Refused("Charge has already been refunded.", code="charge_already_refunded")
        if amount > left:
            raise Refused(f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left}).")
        refund = self.number("re")
        made = {
            "id": refund, "object": "refund", "amount": amount, "currency": session["currency"],
            "payment_intent": intent, "charge": intent.replace("pi", "ch"), "status": self.refund_status,
            "reason": None, "metadata": asked.get("metadata", {}), "created": int(time.time()),
        }  # fmt: skip
        self.refunds[refund] = made
        self.tell("refund.created", made)
        return made

    def paid_session(self, intent: str) -> Object:
        paid = [one for one in self.sessions.values() if one["payment_intent"] == intent]
        if not paid or paid[0]["payment_status"] != "paid":
            raise Refused(f"No such payment_intent: '{intent}'", 404, code="resource_missing")
        return paid[0]

    def back_of(self, intent: str) -> int:
        gone = [one for one in self.refunds.values() if one["payment_intent"] == intent]
        return sum(one["amount"] for one in gone if one["status"] in ("succeeded", "pending"))

    # What people and banks do.

    def pay(self, session_id: str, *, later: bool = False) -> None:
        """`later`: a method whose money comes days after the page was left."""
        self.expire_old()
        session = self.sessions[session_id]
        if session["status"] == "open":
            session.update(status="complete", url=None, payment_intent=self.number("pi"))
            if not later:
                session["payment_status"] = "paid"
            self.tell("checkout.session.completed", session)

    def arrive(self, session_id: str, *, well: bool = True) -> None:
        session = self.sessions[session_id]
        if (session["status"], session["payment_status"]) != ("complete", "unpaid") or session_id in self.ended:
            return
        self.ended.add(session_id)
        if well:
            session["payment_status"] = "paid"
        self.tell(f"checkout.session.async_payment_{'succeeded' if well else 'failed'}", session)

    def fail_refund(self, refund_id: str) -> None:
        refund = self.refunds[refund_id]
        if refund["status"] == "failed":
            return
        refund.update(status="failed", failure_reason="lost_or_stolen_card")
        self.tell("refund.failed", refund)

    def finish_refund(self, refund_id: str) -> None:
        refund = self.refunds[refund_id]
        if refund["status"] == "pending":
            refund["status"] = "succeeded"
            self.tell("refund.updated", refund)

    def dispute(self, intent: str) -> str:
        session, dispute = self.paid_session(intent), self.number("dp")
        left = session["amount_total"] - self.back_of(intent)
        made = {
            "id": dispute, "object": "dispute", "amount": left, "currency": session["currency"],
            "payment_intent": intent, "charge": intent.replace("pi", "ch"), "reason": "fraudulent",
            "status": "needs_response", "created": int(time.time()), "metadata": {},
        }  # fmt: skip
        self.disputes[dispute] = made
        self.tell("charge.dispute.created", made)
        return dispute

    def close_dispute(self, dispute_id: str, *, won: bool) -> None:
        dispute = self.disputes[dispute_id]
        if dispute["status"] in ("won", "lost"):
            return
        dispute["status"] = "won" if won else "lost"
        self.tell("charge.dispute.closed", dispute)


def signed(event: Object, secret: str = SECRET, at: float | None = None) -> tuple[bytes, str]:
    """The body and the header, as Stripe sends them."""
    body, moment = json.dumps(event).encode(), int(at if at is not None else time.time())
    mark = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return body, f"t={moment},v1={mark}"


def unfolded(form: str) -> Object:
    """line_items[0][price_data][currency]=krw as what it means."""
    asked: Object = {}
    for name, value in parse_qsl(form, keep_blank_values=True):
        first, *rest = re.findall(r"[^\[\]]+", name)
        place = asked
        for part in rest:
            place = place.setdefault(first, {})
            first = part
        place[first] = value
    return as_lists(asked)


def as_lists(value: Any) -> Any:  # Any: JSON
    if not isinstance(value, dict):
        return value
    inner = {name: as_lists(one) for name, one in value.items()}
    return [inner[name] for name in sorted(inner, key=int)] if inner and all(map(str.isdigit, inner)) else inner


class Handler(BaseHTTPRequestHandler):
    books: Books
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer("GET", "")

    def do_POST(self) -> None:
        self.answer("POST", self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

    def answer(self, method: str, form: str) -> None:
        books, address = self.books, urlsplit(self.path)
        with books.lock:
            books.expire_old()
            status, body = self.once(method, address.path, form, unfolded(address.query))
            cut = books.cut_lines > 0
            books.cut_lines -= cut
        if cut:
            self.close_connection = True
            return
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Request-Id", "req_test")
        self.end_headers()
        self.wfile.write(data)

    def once(self, method: str, path: str, form: str, query: Object) -> tuple[int, Object]:
        """A key that was seen gets what was answered then; with another body, a refusal."""
        key = self.headers.get("Idempotency-Key", "") if method == "POST" else ""
        if key in self.books.keys:
            before, status, body = self.books.keys[key]
            if before != f"{path} {form}":
                text = (
                    "Keys for idempotent requests can only be used with the same parameters they were first used with."
                )
                return 400, {"error": {"type": "idempotency_error", "message": text}}
            return status, body
        try:
            if self.headers.get("Authorization") != f"Bearer {KEY}":
                raise Refused("Invalid API Key provided", 401)
            status, body = 200, json.loads(json.dumps(route(self.books, method, path, unfolded(form) | query)))
        except Refused as refused:
            status, body = refused.status, refused.body
        if key:
            self.books.keys[key] = f"{path} {form}", status, body
        return status, body

    def log_message(self, format: str, *args: object) -> None:
        pass


def route(books: Books, method: str, path: str, asked: Object) -> Object:
    parts = path.removeprefix("/v1/").split("/")
    match method, parts:
        case "POST", ["checkout", "sessions"]:
            return books.create_session(asked)
        case "GET", ["checkout", "sessions"]:
            return listed(path, books.sessions, asked, lambda one: True)
        case "GET", ["checkout", "sessions", number]:
            return found(books.sessions, number)
        case "POST", ["checkout", "sessions", number, "expire"]:
            return books.expire_session(found(books.sessions, number))
        case "POST", ["refunds"]:
            return books.create_refund(asked)
        case "GET", ["refunds"]:
            intent = asked.get("payment_intent")
            return listed(path, books.refunds, asked, lambda one: intent in (None, one["payment_intent"]))
        case "GET", ["refunds", number]:
            return found(books.refunds, number)
        case "GET", ["disputes"]:
            return listed(path, books.disputes, asked, lambda one: True)
    raise Refused(f"Unrecognized request URL ({method}: {path}).", 404)


def found(rows: dict[str, Object], number: str) -> Object:
    if number not in rows:
        raise Refused(f"No such object: '{number}'", 404, code="resource_missing")
    return rows[number]


def listed(path: str, rows: dict[str, Object], asked: Object, wanted: Callable[[Object], bool]) -> Object:
    """Newest first, at most `limit`, after `starting_after`."""
    since = int(asked.get("created", {}).get("gte", 0))
    there = [one for one in reversed(rows.values()) if one["created"] >= since and wanted(one)]
    if after := asked.get("starting_after"):
        there = there[[one["id"] for one in there].index(after) + 1 :]
    limit = int(asked.get("limit", 10))
    return {"object": "list", "url": path, "data": there[:limit], "has_more": len(there) > limit}


class Server:
    """with Server() as stripe: stripe.address, stripe.books."""

    def __init__(self) -> None:
        self.books = Books()
        handler = type("OwnHandler", (Handler,), {"books": self.books})
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.address = f"http://127.0.0.1:{self.http.server_port}"

    def forget(self) -> Books:
        """New books; their numbers go on, so that none comes twice."""
        self.books = Books(serial=self.books.serial)
        self.http.RequestHandlerClass.books = self.books  # type: ignore[attr-defined]  # of OwnHandler
        return self.books

    def __enter__(self) -> "Server":
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.http.shutdown()
        self.http.server_close()
