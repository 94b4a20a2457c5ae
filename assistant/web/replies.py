"""How a program is refused: in the form of OpenAI's API, which such programs read."""

from __future__ import annotations

from starlette.responses import JSONResponse

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


def error_json(status: int, message: str, code: str | None = None) -> dict[str, object]:
    """`code` is OpenAI's word for what happened, where it has one."""
    kind = _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def refusal(
    status: int, message: str, code: str | None = None, **headers: str
) -> JSONResponse:
    """Headers are given with underscores for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return JSONResponse(error_json(status, message, code), status, named)
