"""Dicts and lists that cannot be changed: a script's change to a request would be lost on replay. Pure."""

from collections.abc import ItemsView, Iterator, ValuesView
from typing import Any, NoReturn

from .protocol import SECRETS


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise TypeError("a request is immutable: keep what you compute in variables of the script")


def freeze(value: Any) -> Any:
    """`value` as what cannot be changed, if it is a dict or a list."""
    if type(value) is dict:
        return Frozen(value)
    return FrozenList(value) if type(value) is list else value


class FrozenList(list[Any]):
    """A list that cannot be changed; its items neither."""

    def __getitem__(self, index: Any) -> Any:
        return freeze(super().__getitem__(index))

    def __iter__(self) -> Iterator[Any]:
        return map(freeze, super().__iter__())

    def __reduce_ex__(self, _: Any) -> tuple[type, tuple[tuple[Any, ...]]]:
        return list, (tuple(list.__iter__(self)),)

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = extend = insert = remove = pop = clear = sort = reverse = _refuse


class Frozen(dict[str, Any]):
    """A dict that cannot be changed; what lies in it neither. It prints and dumps as a dict does."""

    def __getitem__(self, key: str) -> Any:
        return freeze(super().__getitem__(key))

    def get(self, key: str, default: Any = None) -> Any:
        return freeze(dict.get(self, key, default))

    # a frozen copy is no live view, which mypy would rather see
    def values(self) -> ValuesView[Any]:  # type: ignore[override]
        return {key: self[key] for key in self}.values()

    def items(self) -> ItemsView[str, Any]:  # type: ignore[override]
        return {key: self[key] for key in self}.items()

    def __repr__(self) -> str:
        return repr(without_secrets(dict(self)))

    def __reduce_ex__(self, _: Any) -> tuple[type, tuple[dict[str, Any]]]:
        return dict, (dict(self),)  # a copy is a plain dict, free to be changed

    __setitem__ = __delitem__ = __ior__ = _refuse
    pop = popitem = clear = update = setdefault = _refuse


def without_secrets(data: Any) -> Any:
    """A copy of `data` in which the values of secret fields are blanked."""
    if isinstance(data, dict):
        return {key: "…" if key in SECRETS else without_secrets(value) for key, value in data.items()}
    return [without_secrets(item) for item in data] if isinstance(data, list) else data
