"""The settings that all services share. Nothing is read at import."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    DirectoryPath,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

LONGEST_KEPT_DAYS = 24_855
"""The longest expiry that a MongoDB index takes: 2^31 seconds."""

FetchInterval = Annotated[
    int,
    Field(
        ge=0,
        le=1_000,
        description="Least time between two fetches: what comes faster comes together, and costs a"
        " fraction of what it costs alone.",
    ),
]


Sampler = Literal[
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
]
"""OpenTelemetry's names of the ways to choose which traces are kept."""


@dataclass(frozen=True, slots=True)
class DevelopmentDefault:
    """Marks a setting whose default is for a desk on one machine: a known key, a made-up address.

    Without `DEVELOPMENT_DEFAULTS` no service starts with it.
    """


DEVELOPMENT_DEFAULT = DevelopmentDefault()
DEVELOPMENT_DEFAULTS = "DEVELOPMENT_DEFAULTS"
SECRETS_DIR = "SECRETS_DIR"

ActivationCodeKey = Annotated[
    SecretStr,
    DEVELOPMENT_DEFAULT,
    Field(
        description="Key of the hash by which inquiry_intake's requests name an activation code;"
        " the same for inquiry_intake and contract_archive. Keep it: the archive keeps the codes'"
        " hashes.",
    ),
]
DocumentCodeKey = Annotated[
    SecretStr,
    DEVELOPMENT_DEFAULT,
    Field(
        description="Key of the one-time codes that open documents; the same for contract_archive"
        " and notification. Another one makes the codes mailed before useless.",
    ),
]
DEVELOPMENT_KEY = SecretStr("development-only")


def _fits_a_header(credential: SecretStr) -> SecretStr:
    text = credential.get_secret_value()
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("only printable ASCII characters without blanks")
    return credential


InternalCredential = Annotated[SecretStr, Field(min_length=16), AfterValidator(_fits_a_header)]


class RuntimeSettings(BaseSettings):
    """Environment variables shared by all services; a service's own settings extend these."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    secrets_dir: DirectoryPath | None = Field(
        None,
        description="A folder of files called like settings, such as `kafka_password`: each holds"
        " the value of one that is not set in the environment. For the secrets that Docker and"
        " Kubernetes mount.",
    )
    development_defaults: bool = Field(
        False,
        description="Start with known keys and made-up addresses. `desk up` and `desk demo` set it"
        " for the desk that they embed; nobody else should.",
    )
    kafka_bootstrap_servers: str = Field(
        "127.0.0.1:9092", description="Kafka addresses, host:port, comma separated."
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How to talk to Kafka."
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="With SASL: the mechanism."
    )
    kafka_username: str = Field("", description="With SASL: the user.")
    kafka_password: SecretStr = Field(SecretStr(""), description="With SASL: the password.")
    kafka_ca_file: str | None = Field(None, description="With SSL: a file of trusted CAs (PEM).")
    kafka_group_prefix: str = Field(
        "desk", description="Consumer groups are named <prefix>.<service>."
    )
    kafka_group_instance_id: str | None = Field(
        None,
        description="A name of this instance that outlives restarts (static membership): it gets "
        "its partitions back at once. Every instance of a service needs one of its own.",
    )
    kafka_max_poll_interval_ms: int = Field(
        300_000,
        ge=1_000,
        description="A member that does not come back for records within this time leaves its "
        "group. One batch must be done in it; outages are waited for in shorter pieces.",
    )
    event_schema_base_url: str | None = Field(
        None,
        pattern=r"^https?://\S+$",
        description="Where the JSON Schemas are served: events name theirs, <base>/<type>.json, in"
        " the header ce_dataschema. Unset: no such header.",
    )
    create_topics: bool = Field(
        True, description="Create the topics that are missing, from the catalogue, at start."
    )
    topic_replication: int = Field(
        1, description="Replicas of a topic created at start; use 3 in production."
    )

    topic_sources: dict[str, tuple[str, ...]] = Field(
        {},
        description="By topic: the prefixes of the `ce_source`s that it takes, JSON; topics that "
        'are not named keep the catalogue\'s. Such as {"desk.submissions": ["/channels/"]}.',
    )

    mongo_url: str = Field(
        "mongodb://127.0.0.1:27017/?directConnection=true", description="MongoDB connection string."
    )
    mongo_database_prefix: str = Field(
        "desk", description="Each service has its own database, <prefix>_<service>."
    )
    accept_older_database: bool = Field(
        False,
        description="Start although the topics hold events of this service that its database does"
        " not know: what is decided next may take their numbers again. Needed for one start alone.",
    )
    mongo_journal: bool = Field(
        True, description="Wait for MongoDB's journal at every write; off for throw-away data only."
    )
    history_bound: int = Field(
        8,
        ge=2,
        description="Messages kept in an aggregate's document; with more, all but half of them are"
        " archived together.",
    )
    history_bytes: int = Field(
        256 * 1024,
        ge=16 * 1024,
        description="Bytes of history kept in an aggregate's document, like the messages.",
    )
    document_limit_mb: int = Field(
        8,
        ge=1,
        le=15,
        description="An aggregate's document may not grow beyond this; MongoDB ends at 16. What"
        " would make it larger is parked. Raise it to cure one.",
    )
    history_kept_days: int | None = Field(
        None,
        ge=1,
        le=LONGEST_KEPT_DAYS,
        description="Days until an archived message is forgotten; unset: never. Less than a message"
        " can come again is refused at start.",
    )
    mongo_read_chunk: int = Field(
        500, ge=1, description="Aggregates asked for in one query; the embedded database likes 25."
    )
    batch_max_records: int = Field(500, ge=1, description="Records decided in one batch.")
    fetch_interval_ms: FetchInterval = 0
    max_pause_seconds: float = Field(
        15.0, gt=0, description="Longest pause between tries while a dependency is down."
    )
    pulse_seconds: float = Field(
        5.0, gt=0, description="How often an idle service asks whether Kafka and MongoDB answer."
    )
    clock_tick_seconds: float = Field(
        0.5,
        gt=0,
        description="How often due aggregates are sought; once none has been due for a minute, no"
        " more than once a second.",
    )
    worker_lease_seconds: float = Field(60.0, gt=0, description="How long a side effect may take.")
    graceful_timeout_seconds: float = Field(15.0, gt=0, description="SIGTERM waits this long.")

    http_host: str = Field("127.0.0.1", description="Where health and metrics listen.")
    http_port: int = Field(0, ge=0, description="Port of health and metrics; 0 takes a free one.")
    internal_host: str = Field(
        "127.0.0.1",
        description="Where the internal port listens: it answers for this service's own records.",
    )
    internal_port: int = Field(
        0,
        ge=0,
        le=65_535,
        description="The internal port, apart from HTTP_PORT; 0 takes a free one.",
    )
    internal_credential: Annotated[InternalCredential, DEVELOPMENT_DEFAULT] = Field(
        DEVELOPMENT_KEY,
        description="What operators' tools have to know to ask on the internal port: at least 16"
        " characters, such as `openssl rand -hex 32` makes. It opens personal data.",
    )
    portal_credential: InternalCredential | None = Field(
        None,
        description="What the customer portal has to know to ask there for what it shows, and for"
        " nothing else; the same for the portal. Unset: it is not answered.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least level logged."
    )
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="auto: console on a terminal, JSON otherwise."
    )

    otel_exporter_otlp_endpoint: str | None = Field(
        None,
        pattern=r"^https?://\S+$",
        description="Where OpenTelemetry traces are sent, by OTLP over HTTP: a collector's address"
        " without /v1/traces, such as http://collector:4318. Unset: none are made.",
    )
    otel_exporter_otlp_headers: SecretStr = Field(
        SecretStr(""),
        description="What that collector wants to see in each request: name=value, comma"
        " separated; such as a token.",
    )
    otel_traces_sampler: Sampler = Field(
        "parentbased_always_on",
        description="Which traces are kept; `parentbased_`: where a message or a partner's request"
        " brings a trace, as its sender decided.",
    )
    otel_traces_sampler_arg: float = Field(
        1.0, ge=0, le=1, description="With `traceidratio`: the share of traces that is kept."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Files come last; a folder that is not there is a fault of `secrets_dir`."""
        folder, files = os.environ.get(SECRETS_DIR, ""), file_secret_settings
        if folder and Path(folder).is_dir():
            files = SecretsSettingsSource(settings_cls, folder)
        return init_settings, env_settings, dotenv_settings, files

    @field_validator("portal_credential")
    @classmethod
    def _of_its_own(cls, credential: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if credential == DEVELOPMENT_KEY:
            raise ValueError("is known to everybody; set your own")
        if credential is not None and credential == info.data.get("internal_credential"):
            raise ValueError("must be another one than INTERNAL_CREDENTIAL, which allows more")
        return credential

    @property
    def history_kept(self) -> timedelta | None:
        return None if self.history_kept_days is None else timedelta(days=self.history_kept_days)

    @property
    def worker_lease(self) -> timedelta:
        return timedelta(seconds=self.worker_lease_seconds)

    def group_of(self, service: str) -> str:
        return f"{self.kafka_group_prefix}.{service}"

    def database_of(self, service: str) -> str:
        return f"{self.mongo_database_prefix}_{service}"


class CompanySettings(RuntimeSettings):
    """Whose letters and pages these are; the defaults are the help page's values."""

    company_name: str = Field("IBM SA", description="Whose letters and pages these are.")
    company_phone: str = Field("901 200 400", description="The desk's phone.")
    company_phone_from_abroad: str = Field(
        "+34 901 200 400", description="The desk's phone, from abroad."
    )
    company_fax: str = Field(
        "+34 91 519 39 87 (Att. CSOL)", description="Fax for signed requests, and for whom (F12)."
    )
    company_postal_address: str = Field(
        "Soporte Administrativo a Clientes - CSOL, Santa Hortensia 26-28, 28002 Madrid",
        description="Post for signed requests (F12), below the name; a comma ends a line.",
    )

    @property
    def company_postal_lines(self) -> tuple[str, ...]:
        """The name and the postal address, line by line."""
        return (self.company_name, *self.company_postal_address.split(", "))
