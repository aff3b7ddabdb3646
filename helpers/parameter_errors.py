"""One line for the first wrong parameter: the key, what was given, what is allowed."""

from __future__ import annotations

import re
import types
from collections.abc import Mapping
from itertools import takewhile
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from helpers.errors import WrongUsage
from helpers.record.secrets import looks_like
from helpers.yaml_file import shortened

_MANAGED_HSM = re.compile(r"\.managedhsm\.|/managedHSMs/", re.IGNORECASE)


def first_line(error: ValidationError, given: dict[str, Any], model: type[BaseModel]) -> str:
    """The first error as `key: given X; allowed: Y`. What could be a secret is never shown."""
    detail = error.errors()[0]
    where, kind = _place(detail["loc"], model), detail["type"]
    if not where:
        return str(detail["msg"]).removeprefix("Value error, ")
    key, whole = shortened(".".join(str(part) for part in where)), len(where) == len(detail["loc"])
    if kind == "extra_forbidden" and whole:
        return f"{key}: there is no such key; allowed: {allowed(model, where)}"
    if kind == "missing" and whole:
        return f"{key}: not given; allowed: {allowed(model, where)}"
    value = _given(given, where, model, text_wanted=kind == "string_type")
    return f"{key}: given {value}; allowed: {allowed(model, where)}"


def refuse_secrets(source: str, values: Any, key: str = "") -> None:
    """Raise WrongUsage, naming the key and never the value, where anything given looks like a secret."""
    if isinstance(values, Mapping):
        for name, value in values.items():
            if looks_like(_text(name)):
                raise WrongUsage(f"{source}: {shortened(key or 'a key')}: given {shown(_text(name))}")
            refuse_secrets(source, value, f"{key}.{_text(name)}" if key else _text(name))
    elif isinstance(values, list | tuple | set):
        for number, value in enumerate(values):
            refuse_secrets(source, value, f"{key}.{number}")
    elif isinstance(values, str) and looks_like(values):
        raise WrongUsage(f"{source}: {shortened(key)}: given {shown(values)}")


def refuse_managed_hsm(source: str, values: Mapping[Any, Any]) -> None:
    """Raise WrongUsage where a vault is named, by host, address or resource ID, that is a Managed HSM.

    Anthropic's guide gives addresses for one and no role: Managed HSM has roles of its own (read 2026-11-23).
    """
    evidence = values.get("evidence")
    named = {
        "vault_name": values.get("vault_name"),
        "admin_key": values.get("admin_key"),
        "evidence.signer": evidence.get("signer") if isinstance(evidence, Mapping) else None,
    }
    for key, value in named.items():
        if isinstance(value, str) and _MANAGED_HSM.search(value):
            raise WrongUsage(
                f"{source}: {key}: given a Managed HSM, and this suite works with key vaults only: Anthropic's "
                "documentation does not say which role its service principal needs in a Managed HSM"
            )


def refuse_unknown(source: str, values: Mapping[Any, Any], model: type[BaseModel]) -> None:
    """Raise WrongUsage for a key that is no field of the model: text, number or what else YAML makes of it."""
    for name in values:
        if name not in model.model_fields:
            key, known = shortened(_text(name)), ", ".join(model.model_fields)
            raise WrongUsage(f"{source}: {key}: there is no such parameter; the parameters are {known}")


def shown(value: Any) -> str:
    """A given value as it may be shown: shortened, and never if it looks like a secret."""
    kind = looks_like(_text(value))
    if kind is not None:
        return f"something that looks like {kind}, which is not shown here and must never be a parameter"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"{str(value).lower()} (YAML reads yes, no, on and off so: use quotes)"
    return shortened(repr(value) if isinstance(value, str) else _text(value))


def _text(value: Any) -> str:
    """A value as text; Python itself refuses to write out a number of thousands of digits."""
    try:
        return str(value)
    except ValueError:
        return "a number that is far too large"


def allowed(model: type[BaseModel], where: list[Any]) -> str:
    """What a field takes, in words, from the model itself."""
    info: FieldInfo | None = model.model_fields.get(str(where[0]))
    if info is None:
        return "see parameters/example.yaml"
    annotation, description = info.annotation, info.description
    return description or _in_words(annotation)


def _in_words(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin is Literal:
        return " or ".join(str(value) for value in get_args(annotation))
    if origin in (Union, types.UnionType):
        return " or ".join(_in_words(part) for part in get_args(annotation) if part is not type(None))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields.items()
        return (
            "{" + ", ".join(f"{name}: {info.description or _in_words(info.annotation)}" for name, info in fields) + "}"
        )
    if origin is list:
        return f"a list of {_in_words(get_args(annotation)[0])}"
    for extra in getattr(annotation, "__metadata__", ()):
        if isinstance(extra, FieldInfo) and extra.description:
            return extra.description
    return {str: "text", int: "a whole number", bool: "true or false"}.get(annotation, "see parameters/example.yaml")


def _given(given: dict[str, Any], where: list[Any], model: type[BaseModel], *, text_wanted: bool) -> str:
    info = model.model_fields.get(str(where[0]))
    if info is not None and not info.repr:
        return "something that is not shown here, in case it is a secret"
    value = _at(given, where)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return shown(value) + (" (YAML reads it as a number: use quotes)" if number and text_wanted else "")


def _at(given: Any, where: list[Any]) -> Any:
    for part in where:
        given = given[part] if isinstance(given, list | dict) and _has(given, part) else given
    return given


def _has(given: list[Any] | dict[Any, Any], part: Any) -> bool:
    return part in given if isinstance(given, dict) else isinstance(part, int) and part < len(given)


def _place(location: tuple[int | str, ...], model: type[BaseModel]) -> list[int | str]:
    """Where the error is. Inside a choice of mappings it is the choice: which of them was meant would be a guess."""
    info = model.model_fields.get(str(location[0])) if location else None
    choices = {getattr(part, "__name__", "") for part in get_args(info.annotation)} if info else set()
    return list(takewhile(lambda part: part not in choices, location))
