"""Who may ask, and what is answered.

The server listens on the loopback address. The URL that is printed holds a token; with it the browser gets a cookie, and without either nothing
is told. A page elsewhere that makes its own name point to this machine (DNS rebinding) is turned away by the Host header, and no answer
allows another origin to read it. Everything is GET, and nothing is written.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import uvicorn
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from ..classroom import Class
from ..feedback import html
from ..report import findings, page
from ..report.page import asset, sections, source, templates, when
from .watch import Mark, Watch

HERE = Path(__file__).parent
EVERY = 0.5  # seconds between two looks at the gradebook
ROWS_EVERY = 2.0  # and between two readings of all grades
BEAT = 15.0  # seconds: a line that says nothing keeps a quiet connection open
HEADERS = {
    "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
}  # fmt: skip


class Guard:
    """Lets a request through that was made to this address, by the page itself, by somebody who knows the token."""

    def __init__(self, app, port: int, token: str):
        self.app, self.token = app, token
        self.hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self.cookie = f"tito-{port}"  # cookies are shared by all ports of a host

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        refused = self.refuse(request)
        answer: Response | None = None
        if refused:
            answer = PlainTextResponse(refused, 403, HEADERS)
        elif "token" in request.query_params:
            answer = RedirectResponse(request.url.path, 303, HEADERS)
            answer.set_cookie(self.cookie, self.token, httponly=True, samesite="lax", path="/")
        await (answer or self.app)(scope, receive, send)

    def refuse(self, request: Request) -> str:
        host = request.headers.get("host", "")
        if host not in self.hosts:
            return "this server answers to its own address only\n"
        if request.headers.get("origin", f"http://{host}") != f"http://{host}":
            return "other pages may not ask here\n"
        given = request.query_params.get("token") or request.cookies.get(self.cookie, "")
        if not secrets.compare_digest(given.encode(), self.token.encode()):
            return "open the address that `tito assessment dashboard` printed: it holds the key\n"
        return ""


def application(room: Class, port: int, token: str) -> Starlette:
    watch = Watch(room)
    told = {"events": events, "parts": parts, "": whole}
    routes = [Route(f"/{path}", answering(watch, make)) for path, make in told.items()]
    app = Starlette(routes=[*routes, Route("/students/{student}", answering(watch, student))])
    app.add_middleware(Guard, port=port, token=token)
    app.state.watch = watch
    return app


def answering(watch: Watch, make):
    async def endpoint(request: Request) -> Response:
        return await make(watch, request)

    return endpoint


async def whole(watch: Watch, request: Request) -> Response:
    """The report, with the live strip."""
    style, script = asset("style.css"), asset("script.js") + (HERE / "live.js").read_text(encoding="utf-8")

    def make() -> str:
        a = watch.analysis()
        strip = templates().get_template("live.html.j2").render(run=watch.run())
        return page(a, live=Markup(strip), script=script)

    policy = f"default-src 'none'; style-src {source(style)}; script-src {source(script)}; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"  # fmt: skip
    return Response(
        await run_in_threadpool(make),
        media_type="text/html",
        headers=HEADERS | {"Content-Security-Policy": policy},
    )


async def student(watch: Watch, request: Request) -> Response:
    """What one student is told."""
    told = await run_in_threadpool(watch.feedback, request.path_params["student"])
    if told is None:
        return PlainTextResponse("there is no such student\n", 404, HEADERS)
    return Response(await run_in_threadpool(html, told), media_type="text/html", headers=HEADERS)


async def parts(watch: Watch, request: Request) -> Response:
    """The parts of the report but for the students, whose cells come one by one."""

    def make() -> dict[str, Any]:
        a = watch.analysis()
        figures = templates().get_template("figures.html.j2").render(a=a)
        told = {name: [finding, body] for name, _, finding, body in sections(a)}
        told["students"][1] = ""
        return {"headline": findings.headline(a), "at": when(a.term.at), "figures": figures, "parts": told}

    return JSONResponse(await run_in_threadpool(make), headers=HEADERS)


async def events(watch: Watch, request: Request) -> Response:
    return StreamingResponse(
        stream(watch), media_type="text/event-stream", headers=HEADERS | {"X-Accel-Buffering": "no"}
    )


async def stream(watch: Watch) -> AsyncIterator[str]:
    """First everything, then what changes: `run` (the batch), `rows` (students), `stale` (the parts can be fetched anew)."""
    sent: dict[str, Any] = {}
    seen: Mark | None = None  # what `run` told of
    read: Mark | None = None  # what `rows` told of
    quiet, pause = 0.0, ROWS_EVERY
    yield "retry: 2000\n\n"
    while not watch.ended():
        mark = await run_in_threadpool(watch.mark)
        if mark != seen or quiet >= BEAT:
            run = await run_in_threadpool(watch.run)
            yield message("run", run.record())
            seen, quiet = mark, 0.0
        if mark != read and (pause >= ROWS_EVERY or not run.left):
            rows = await run_in_threadpool(watch.students)
            if changed := {name: row for name, row in rows.items() if sent.get(name) != row}:
                yield message("rows", changed)
            if read is not None:
                yield message("stale", {"over": not run.left})
            sent, read, pause = rows, mark, 0.0
        await asyncio.sleep(EVERY)
        quiet += EVERY
        pause += EVERY


def message(kind: str, body: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps(body, ensure_ascii=False)}\n\n"


# ---------------------------------------------------------------- listening


def listen(port: int) -> socket.socket:
    """A socket on the loopback address; port 0 takes any that is free."""
    from ...errors import TitoError

    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(("127.0.0.1", port))
        made.listen(64)  # who comes before the server has begun waits, and is not turned away
    except (OSError, OverflowError) as error:
        made.close()
        raise TitoError(f"port {port} cannot be used: {error}", "--port 0 takes one that is free") from None
    return made


def serve(room: Class, port: int, say) -> None:
    """Until it is stopped. `say` is told the address."""
    with listen(port) as made:
        token, port = secrets.token_urlsafe(24), made.getsockname()[1]
        app = application(room, port, token)
        settings = uvicorn.Config(
            app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=1, lifespan="off"
        )  # fmt: skip
        say(f"http://127.0.0.1:{port}/?token={token}")
        server = uvicorn.Server(settings)
        app.state.watch.ended = lambda: server.should_exit
        try:
            server.run(sockets=[made])
        except KeyboardInterrupt:  # uvicorn ends in good order and raises it again
            pass
        finally:
            app.state.watch.close()
