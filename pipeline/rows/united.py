"""One schema for files of several: a column that is not everywhere is null elsewhere, and kinds of one thing become the wider."""

from collections.abc import Mapping

import pyarrow as pa

from pipeline.errors import InputError
from pipeline.rows.shapes import MOST_LEAVES, too_many
from pipeline.storage_errors import first_line


def united(one: pa.Schema, other: pa.Schema, names: tuple[str, str]) -> pa.Schema:
    """The columns of both, in order. InputError where one has types that do not go together, saying in which of `names`."""
    for schema, name in zip((one, other), names, strict=True):
        if twice := [each for each in dict.fromkeys(schema.names) if schema.names.count(each) > 1]:
            raise InputError(f"{name}: there are several columns {', '.join(twice)}; rename them")
    fields = {field.name: field.type for field in one}
    for field in other:
        if field.name not in fields:
            fields[field.name] = field.type
        elif fields[field.name] != field.type:
            fields[field.name] = _wider(field.name, fields[field.name], field.type, names)
    _check_size(fields, max(_leaves(one), _leaves(other)), names[1])
    return pa.schema(fields.items())


def _check_size(fields: Mapping[str, pa.DataType], before: int, name: str) -> None:
    """InputError where columns that differ from file to file come to too many; those that one file has are as they are."""
    sizes = {column: _leaves_in(kind) for column, kind in fields.items()}
    if sum(sizes.values()) > max(MOST_LEAVES, before):
        raise too_many(max(sizes, key=lambda column: sizes[column]), name)


def _leaves(schema: pa.Schema) -> int:
    return sum(_leaves_in(field.type) for field in schema)


def _leaves_in(kind: pa.DataType) -> int:
    return sum(_leaves_in(kind.field(place).type) for place in range(kind.num_fields)) if kind.num_fields else 1


def united_all(schemas: Mapping[str, pa.Schema]) -> pa.Schema:
    """The union of the schemas of files by name; errors as `united`."""
    found = pa.schema([])
    for name, schema in schemas.items():
        found = united(found, schema, ("the files before", name))
    return found


def storable(schema: pa.Schema) -> pa.Schema:
    """The schema as Parquet can hold it: a column that is null everywhere is one of text."""
    return pa.schema([(field.name, _stored(field.type)) for field in schema])


def _wider(column: str, one: pa.DataType, other: pa.DataType, names: tuple[str, str]) -> pa.DataType:
    one, other = _plain(one), _plain(other)
    field = "x"
    try:
        found = pa.unify_schemas([pa.schema([(field, one)]), pa.schema([(field, other)])], promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise InputError(
            f"column {column} is {one} in {names[0]} and {other} in {names[1]}, which do not go together; "
            "convert one of them, or deduplicate them apart"
        ) from error
    return found.field(field).type


def _plain(kind: pa.DataType) -> pa.DataType:
    """The type of the values, where they are kept in a dictionary or as views."""
    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    if pa.types.is_string_view(kind):
        return pa.large_string()
    return pa.large_binary() if pa.types.is_binary_view(kind) else kind


def _stored(kind: pa.DataType) -> pa.DataType:
    types = pa.types
    if types.is_null(kind) or (types.is_struct(kind) and not kind.num_fields):
        return pa.large_string()
    if types.is_struct(kind):
        return pa.struct([(field.name, _stored(field.type)) for field in kind])
    if types.is_list(kind):
        return pa.list_(_stored(kind.value_type))
    if types.is_string_view(kind) or types.is_binary_view(kind):
        return _plain(kind)
    return _of_other_items(kind)


def _of_other_items(kind: pa.DataType) -> pa.DataType:
    """The same kind of list or map of what can be held; itself where it is one of that, or no list."""
    items = [kind.field(place).type for place in range(kind.num_fields)]
    if pa.types.is_map(kind):
        items = [kind.key_type, kind.item_type]
    if (held := [_stored(item) for item in items]) == items:
        return kind
    if pa.types.is_map(kind):
        return pa.map_(*held, keys_sorted=kind.keys_sorted)
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(held[0], kind.list_size)
    return pa.large_list(held[0]) if pa.types.is_large_list(kind) else kind


def fitted(batch: pa.RecordBatch, schema: pa.Schema, name: str) -> pa.RecordBatch:
    """The batch with the columns of `schema`; InputError where a value does not fit into the wider type."""
    if batch.schema.equals(schema):
        return batch.replace_schema_metadata(None)
    columns: list[pa.Array] = []
    for field in schema:
        if field.name not in batch.schema.names:
            columns.append(pa.nulls(batch.num_rows, field.type))
            continue
        try:
            columns.append(_cast(batch.column(field.name), field.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise InputError(f"{name}: column {field.name} does not fit {field.type}: {first_line(error)}") from error
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _cast(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if column.type == kind:
        return column
    if pa.types.is_dictionary(column.type) and not pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
    return column.cast(kind)
