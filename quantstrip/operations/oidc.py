"""Logging in through an OpenID Connect provider: who you are is its word, what you may do is the list of users here.

The work is Authlib's, the library that ``st.login`` uses, with state, nonce and PKCE. It is done before Streamlit is
reached, because Streamlit's own login lets a browser in first and asks who it is from inside a page.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import Response

from quantstrip.errors import ConfigError, QuantstripError, SecretError
from quantstrip.home import Home
from quantstrip.operations.users import User, Users, find

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

LOGIN_PATH: Final = "/auth/login"
CALLBACK_PATH: Final = "/oauth2callback"
STATE_COOKIE: Final = "quantstrip-oidc"
_STATE_SECONDS: Final = 600
_NAME: Final = "oidc"
_EMAIL: Final = "email"


@dataclass(frozen=True, slots=True)
class Provider:
    """Who says who a person is: the settings below ``oidc``."""

    metadata_url: str
    client_id: str
    client_secret: str = field(repr=False)
    label: str
    claim: str
    scopes: str


def provider_of(home: Home) -> Provider | None:
    """What the settings name; None where there is none.

    Raises:
        ConfigError: something of it is missing.

    """
    from quantstrip.operations.settings import manager_of

    settings = manager_of(home)
    url, client = (str(settings.get(f"oidc.{name}", "")) for name in ("metadata_url", "client_id"))
    if not url:
        return None
    secret = str(settings.get("oidc.client_secret", ""))
    if not (client and secret):
        raise ConfigError(
            "OIDC is set up in part: oidc.metadata_url is set, and oidc.client_id or oidc.client_secret is not",
            hint="Set all three, or quantstrip settings delete oidc.metadata_url",
        )
    if not url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        raise ConfigError(f"oidc.metadata_url must begin with https://, got {url!r}")
    label, claim, scopes = (
        str(settings.get(f"oidc.{name}", default))
        for name, default in (("label", "single sign-on"), ("claim", _EMAIL), ("scopes", "openid email profile"))
    )
    return Provider(url, client, secret, label, claim, scopes)


class OidcRefused(QuantstripError):
    """The provider's word lets nobody in; the message is for the person at the browser."""


class Oidc:
    """One provider's login. ``authorize`` sends a browser there, ``user`` reads with what it came back."""

    def __init__(self, provider: Provider) -> None:
        try:
            from authlib.integrations.starlette_client import OAuth
        except ModuleNotFoundError as error:
            raise ConfigError(
                "the setting oidc.metadata_url asks for OIDC, and its library is not installed",
                hint="pip install 'quantstrip[oidc]'",
            ) from error
        self.provider = provider
        oauth = OAuth()
        self._app: Any = oauth.register(
            _NAME,
            client_id=provider.client_id,
            client_secret=provider.client_secret,
            server_metadata_url=provider.metadata_url,
            client_kwargs={"scope": provider.scopes, "code_challenge_method": "S256", "timeout": 15.0},
        )

    async def authorize(self, request: Request, origin: str) -> Response:
        """The way to the provider.

        Raises:
            OidcRefused: it cannot be reached.

        """
        try:
            answer: Response = await self._app.authorize_redirect(request, f"{origin}{CALLBACK_PATH}")
        except Exception as error:  # whatever HTTP, TLS or JSON say: the provider is not there
            raise OidcRefused(f"{self.provider.label} cannot be reached: {type(error).__name__}") from error
        return answer

    async def user(self, request: Request, users: Users) -> User:
        """The user whom the provider names.

        Raises:
            OidcRefused: it names none that is one here, or its word cannot be trusted.

        """
        try:
            token = await self._app.authorize_access_token(request)
        except Exception as error:  # a forged or old state, a refusal, a wrong signature, issuer, audience or nonce
            raise OidcRefused(
                f"{self.provider.label} did not let you in, or its answer is not to be trusted: {type(error).__name__}"
            ) from error
        return known_user(dict(token.get("userinfo") or {}), self.provider, users)


def known_user(claims: dict[str, Any], provider: Provider, users: Users) -> User:
    """The user that the claims name.

    An e-mail address counts only when the provider says that it is verified: elsewhere anybody may write anyone's into
    an account of their own.

    Raises:
        OidcRefused: none.

    """
    said = claims.get(provider.claim)
    if not isinstance(said, str) or not said:
        raise OidcRefused(f"{provider.label} did not say your {provider.claim}.")
    if provider.claim == _EMAIL and claims.get("email_verified") is not True:
        raise OidcRefused(f"{provider.label} does not say that the address {said} is verified, so it proves nothing.")
    user = find(users, said) if provider.claim == _EMAIL else users.get(said)
    if user is None:
        raise OidcRefused(f"You are {said} to {provider.label}, and nobody of that name may use this dashboard.")
    return user


def with_state(app: "StateApp", secret: str, *, secure: bool) -> SessionMiddleware:
    """Keep the login's state, while the browser is at the provider, in a signed cookie that comes back from there."""
    return SessionMiddleware(
        app,
        secret_key=f"oidc:{secret}",
        session_cookie=STATE_COOKIE,
        max_age=_STATE_SECONDS,
        path=CALLBACK_PATH,
        same_site="lax",
        https_only=secure,
    )


class StateApp:
    """An answer that is made while the state's cookie is open."""

    def __init__(self, make: Any) -> None:
        self._make = make

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        answer: Response = await self._make(Request(scope, receive))
        await answer(scope, receive, send)


__all__ = ["Oidc", "OidcRefused", "Provider", "SecretError", "known_user", "provider_of"]
