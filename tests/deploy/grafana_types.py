"""Whether JSON is a dashboard by the types that Grafana publishes (PyPI: grafana-foundation-sdk).

The SDK itself takes anything: what it does not know it drops, and values of another type it keeps. So a dashboard is
decoded and encoded again, and what was lost is reported; then every value is compared with the type of its field.
"""
import enum
import json
import types
import typing
from collections.abc import Iterator

from grafana_foundation_sdk.cog import encoder, plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

plugins.register_default_plugins()


def problems(data: dict) -> Iterator[str]:
    """What is wrong with a dashboard, one line each."""
    try:
        dashboard = Dashboard.from_json(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        yield f"cannot be decoded: {error!r}"
        return
    encoded = json.loads(json.dumps(dashboard, cls=encoder.JSONEncoder))
    yield from _lost(data, encoded, "")
    yield from _mistyped(dashboard, Dashboard, "")


def _lost(before: object, after: object, path: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            if key in after:
                yield from _lost(value, after[key], f"{path}.{key}")
            elif value is not None:
                yield f"{path}.{key} is not a field that Grafana knows"
    elif isinstance(before, list) and isinstance(after, list):
        for index, (left, right) in enumerate(zip(before, after)):
            yield from _lost(left, right, f"{path}[{index}]")


def _mistyped(value: object, hint: object, path: str) -> Iterator[str]:
    if not _fits(value, hint):
        yield f"{path} is {json.dumps(value, cls=encoder.JSONEncoder)[:60]}, must be {_name(hint)}"
    elif isinstance(value, list):
        item_hint = next((typing.get_args(part)[0] for part in _alternatives(hint) if typing.get_origin(part) is list),
                         object)
        for index, item in enumerate(value):
            yield from _mistyped(item, item_hint, f"{path}[{index}]")
    elif hasattr(value, "to_json"):
        for field, field_hint in typing.get_type_hints(type(value)).items():
            yield from _mistyped(getattr(value, field), field_hint, f"{path}.{field}")


def _alternatives(hint: object) -> tuple:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return tuple(part for each in typing.get_args(hint) for part in _alternatives(each))
    return (hint,)


def _fits(value: object, hint: object) -> bool:
    return any(_fits_one(value, part) for part in _alternatives(hint))


def _fits_one(value: object, hint: object) -> bool:
    origin = typing.get_origin(hint)
    if hint in (object, typing.Any):
        return True
    if hint in (None, type(None)):
        return value is None
    if origin is typing.Literal:
        return value in typing.get_args(hint)
    if origin in (list, dict):
        return isinstance(value, origin)
    if not isinstance(hint, type):
        return True
    if issubclass(hint, enum.Enum):
        return value in [each.value for each in hint]
    if hint in (int, float):
        return isinstance(value, (int, hint)) and not isinstance(value, bool)
    # Links of panels stay the dictionaries that they were.
    return isinstance(value, hint) or (hasattr(hint, "to_json") and isinstance(value, dict))


def _name(hint: object) -> str:
    def one(part: object) -> str:
        if isinstance(part, type) and issubclass(part, enum.Enum):
            return " or ".join(json.dumps(each.value) for each in part)
        return getattr(part, "__name__", str(part))
    return " or ".join(one(part) for part in _alternatives(hint) if part is not type(None))
