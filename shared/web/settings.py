"""Settings of every web application, from its environment."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from shared.mail.smtp import MailServer
from shared.settings import DEVELOPMENT_DEFAULT, DEVELOPMENT_KEY, CompanySettings


def is_private_to_the_wire(url: str) -> bool:
    """Whether nobody on the network reads what is sent there: HTTPS, or this machine."""
    parts = urlsplit(url)
    ours = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    return bool(parts.hostname) and (parts.scheme == "https" or ours)


class WebSettings(CompanySettings):
    """Where the pages are, whose they are, and how long somebody stays signed in."""

    web_host: str = Field("127.0.0.1", description="Where the pages listen.")
    web_port: int = Field(8080, ge=0, le=65_535, description="Port of the pages.")
    public_url: Annotated[str, DEVELOPMENT_DEFAULT] = Field(
        "http://localhost:8080",
        description="How a browser reaches the pages; forms are taken from there alone.",
    )
    trusted_proxies: str = Field(
        "127.0.0.1",
        description="Addresses of the proxies whose X-Forwarded-For and -Proto count, comma"
        " separated.",
    )
    secure_cookies: bool = Field(
        True,
        description="Cookies only over HTTPS, and named __Host-. Browsers make an exception for"
        " localhost; turn it off only to try the pages over HTTP from elsewhere.",
    )
    hsts_seconds: int = Field(
        0, ge=0, description="max-age of Strict-Transport-Security; 0 sends no such header."
    )
    web_key: Annotated[SecretStr, DEVELOPMENT_DEFAULT] = Field(
        DEVELOPMENT_KEY,
        description="Key of forms' tickets and of one-time codes' hashes. With another key, open"
        " forms must be loaded again.",
    )
    session_idle_minutes: int = Field(
        30, ge=1, description="Minutes without a page until signed out."
    )
    session_hours: int = Field(12, ge=1, description="Hours until the next sign-in in any case.")

    oidc_issuer: str = Field(
        "",
        description="The OpenID Connect provider's issuer, exactly as its discovery document names"
        " it, such as https://login.example/realms/desk; without it there is none.",
    )
    oidc_name: str = Field("", max_length=60, description="What the button calls the provider.")
    oidc_client_id: str = Field(
        "", validate_default=True, description="The site's client id at the provider."
    )
    oidc_client_secret: SecretStr | None = Field(
        None, description="The client's secret there; unset: a public client, by PKCE alone."
    )
    oidc_scopes: str = Field(
        "openid email", pattern=r"\bopenid\b", description="What is asked for, with blanks between."
    )
    oidc_prompt: str = Field(
        "",
        pattern="^(|login|consent|select_account)$",
        description="login: ask for the password again each time; select_account: which account.",
    )
    oidc_customer_claim: str = Field(
        "",
        description="The claim that has the customer's id, such as customer_id; dots lead into a"
        " claim. Unset: the customer is found by the verified e-mail address.",
    )
    oidc_roles_claim: str = Field(
        "roles", description="The claim that has the roles of staff, such as realm_access.roles."
    )
    oidc_timeout_seconds: float = Field(
        5.0, gt=0, le=30, description="How long the provider may take for an answer."
    )
    oidc_leeway_seconds: int = Field(
        60, ge=0, le=300, description="How far the provider's clock may be off."
    )

    smtp_url: Annotated[SecretStr, DEVELOPMENT_DEFAULT] = Field(
        SecretStr("smtp://127.0.0.1:1025"),
        description="The mail server for one-time codes: smtp://, smtps:// or smtp+starttls://,"
        " with user:password@ (percent-encoded) where it wants them.",
    )
    smtp_timeout_seconds: float = Field(10.0, gt=0, description="How long one mail may take.")
    mail_from: Annotated[str, DEVELOPMENT_DEFAULT] = Field(
        "Servicio de Soporte a Clientes <soporte@contract-desk.example>",
        description="The From header of one-time codes.",
    )
    message_id_domain: Annotated[str, DEVELOPMENT_DEFAULT] = Field(
        "contract-desk.example", description="Right-hand side of every Message-ID."
    )

    @field_validator("oidc_issuer")
    @classmethod
    def _keeps_secrets(cls, issuer: str) -> str:
        if issuer and not is_private_to_the_wire(issuer):
            raise ValueError("expected https://, or http:// on this machine")
        return issuer

    @field_validator("oidc_client_id")
    @classmethod
    def _of_a_provider(cls, client_id: str, info: ValidationInfo) -> str:
        if info.data.get("oidc_issuer") and not client_id:
            raise ValueError("set it beside OIDC_ISSUER")
        return client_id

    @field_validator("smtp_url")
    @classmethod
    def _is_a_mail_server(cls, url: SecretStr) -> SecretStr:
        MailServer.at(url.get_secret_value())
        return url

    @field_validator("trusted_proxies")
    @classmethod
    def _are_named(cls, proxies: str) -> str:
        if "*" in proxies:
            raise ValueError("name the proxies: anybody could say to be somebody else")
        return proxies

    @field_validator("public_url")
    @classmethod
    def _is_an_origin(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ValueError("expected http:// or https:// and a host")
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def session_idle(self) -> timedelta:
        return timedelta(minutes=self.session_idle_minutes)

    @property
    def session_life(self) -> timedelta:
        return timedelta(hours=self.session_hours)

    @property
    def mail_server(self) -> MailServer:
        return MailServer.at(self.smtp_url.get_secret_value())
