"""Every contract reads its stored sample. As a script: write the samples that are missing."""

import importlib
import pkgutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import angarium_contracts
import msgspec
import pytest
from angarium_contracts.contract import Contract, Reader, encode
from msgspec import inspect

FOLDER = Path(__file__).parent


def contracts() -> dict[str, type[Contract]]:
    """All contracts of the package, by the stem of their sample's name."""
    for module in pkgutil.iter_modules(angarium_contracts.__path__):
        importlib.import_module(f"{angarium_contracts.__name__}.{module.name}")
    found: dict[str, type[Contract]] = {}
    for kind in Contract.__subclasses__():
        if kind.__module__.startswith(f"{angarium_contracts.__name__}."):
            stem = str(kind.__struct_config__.tag).replace("/", "-")
            assert stem not in found, f"two contracts are tagged {kind.__struct_config__.tag}"
            found[stem] = kind
    return found


def plain(contract: Contract) -> Any:
    """A contract as JSON values. Members that have their default are left out, as on the wire,
    so that a member added later does not show in an old sample."""
    values = msgspec.to_builtins(contract, enc_hook=_plain_raw)
    return msgspec.json.decode(msgspec.json.encode(values))


def _plain_raw(value: Any) -> Any:
    assert isinstance(value, msgspec.Raw)
    return msgspec.msgpack.decode(value)


CONTRACTS = contracts()


@pytest.mark.parametrize("stem", CONTRACTS)
def test_a_contract_reads_its_stored_sample(stem: str) -> None:
    sample = (FOLDER / f"{stem}.msgpack").read_bytes()
    expected = msgspec.json.decode((FOLDER / f"{stem}.json").read_bytes())

    value = Reader(CONTRACTS[stem]).read(sample)

    assert isinstance(value, CONTRACTS[stem])
    assert plain(value) == expected
    assert Reader(CONTRACTS[stem]).read(encode(value)) == value


def test_every_sample_belongs_to_a_contract() -> None:
    stems = {path.stem for path in FOLDER.glob("*.msgpack")}

    assert stems == set(CONTRACTS)


def sample_of(kind: type[Any]) -> Any:
    """A value of a Struct type with every member set to something other than its default."""
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    return kind(**{field.name: _value(field.type, field.default) for field in info.fields})


def _value(kind: inspect.Type, default: Any) -> Any:  # noqa: C901 - one case a type
    match kind:
        case inspect.BytesType():
            return bytes(range(16))
        case inspect.StrType():
            return "text"
        case inspect.BoolType():
            return default is not True
        case inspect.IntType():
            return 7
        case inspect.FloatType():
            return 0.5
        case inspect.DateTimeType():
            return datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
        case inspect.EnumType(cls=cls):
            return next(member for member in reversed(list(cls)) if member != default)
        case inspect.StructType(cls=cls):
            return sample_of(cls)
        case inspect.VarTupleType(item_type=item):
            return (_value(item, None), _value(item, None))
        case inspect.DictType(key_type=key, value_type=value):
            return {_value(key, None): _value(value, None)}
        case inspect.UnionType(types=types):
            empty = (inspect.NoneType, inspect.CustomType)
            return _value(next(one for one in types if not isinstance(one, empty)), default)
        case inspect.RawType():
            return msgspec.Raw(msgspec.msgpack.encode({"type": "done/1", "version": 7}))
        case _:
            raise TypeError(f"say in this script what a sample of {kind} looks like")


def write_missing() -> None:
    """Write a sample of every contract that has none."""
    for stem, kind in CONTRACTS.items():
        bytes_path, json_path = FOLDER / f"{stem}.msgpack", FOLDER / f"{stem}.json"
        if bytes_path.exists() or json_path.exists():
            continue
        value = sample_of(kind)
        bytes_path.write_bytes(encode(value))
        text = msgspec.json.format(msgspec.json.encode(plain(value)), indent=2)
        json_path.write_bytes(text + b"\n")
        print(f"written: {stem}")


if __name__ == "__main__":
    write_missing()
