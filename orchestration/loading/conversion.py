"""Text to typed values, set-based: one SQL expression per column that is null where the text does not fit.

Instants are accepted in the forms of RFC 3339 and its usual neighbours: ``T`` or a blank, seconds optional, 0
to 9 fractional digits (kept to microseconds), ``Z``, ``+0000``, ``+00:00``, ``+00`` or `` UTC``; without an
offset they are in the column's zone. An hour of 24 or more does not fit. Numbers fit only if the type holds
them exactly.
"""

from __future__ import annotations

from orchestration.loading.contract_model import Column
from orchestration.loading.identifiers import Parameters
from orchestration.loading.pseudonym import PseudonymKey

_DAY, _MINUTE = r"\d{4}-\d\d-\d\d", r"(?:[01]\d|2[0-3]):[0-5]\d"
_SECOND = r":[0-5]\d(?:\.\d{1,9})?"
_NAIVE = rf"{_DAY}(?:[T ]{_MINUTE}(?:{_SECOND})?)?"
_UTC = rf"{_DAY}[T ]{_MINUTE}{_SECOND}(?:Z| ?\+00:?(?:00)?| UTC)"
_OFFSET = rf"{_DAY}[T ]{_MINUTE}{_SECOND} ?[+-]\d\d:?(?:\d\d)?"
# DuckDB reads no offset behind minutes, so these get their seconds first.
_WITHOUT_SECONDS = rf"{_DAY}[T ]{_MINUTE} ?(?:Z|[+-]\d\d:?(?:\d\d)?)"
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
# Seconds from year 1 to the end of year 9999, the range that Parquet readers and Spark agree on.
_FIRST_SECOND, _LAST_SECOND = -62135596800, 253402300799

MAX_DEPTH = 100


def typed_value(
    column: Column, text: str, parameters: Parameters, business_timezone: str, key: PseudonymKey | None
) -> str:
    """SQL that converts ``text`` (SQL of a string) to the column's type, null where it does not fit."""
    if column.decimal:
        exact = _decimal(text, *column.decimal)
        return _rounded(exact, text, *column.decimal) if column.options.rounded else exact
    zone = column.options.time_zone or "UTC"
    zone = business_timezone if zone == "business" else zone
    match column.data_type:
        case "bigint":
            return _bigint(text)
        case "double":
            return (
                f"case when regexp_full_match(trim({text}), '{_NUMBER}') then try_cast({text} as double) end"
            )
        case "boolean":
            return (
                f"case lower(trim({text})) when 'true' then true when 'false' then false when 't' then true"
                " when 'f' then false when 'yes' then true when 'no' then false when 'y' then true"
                " when 'n' then false when '1' then true when '0' then false end"
            )
        case "timestamp":
            return _timestamp(text, column.options.formats, zone, parameters)
        case "date":
            return _date(text, column.options.formats, zone, parameters)
    return _string(column, text, parameters, key)


def expectation(column: Column) -> str:
    """What a value of this column must be, for the reason of a reject."""
    forms = column.options.formats
    if column.options.regex_required and column.options.required and column.data_type == "string":
        return f"a text of the form {column.options.regex}"
    if column.decimal:
        if column.options.rounded:
            return f"a number that {column.data_type} holds"
        return (
            f"a number that {column.data_type} holds exactly (at most {column.decimal[1]} fractional digits)"
        )
    return {
        "bigint": "a whole number of 64 bits",
        "double": "a finite number",
        "boolean": "true or false",
        "timestamp": "an instant in " + " or ".join(["ISO 8601", *forms]),
        "date": "a date in " + " or ".join(["ISO 8601", *forms]),
        "string": f"a text nested at most {MAX_DEPTH} levels deep",
    }[column.data_type]


def nulled(text: str, spellings: tuple[str, ...], parameters: Parameters) -> str:
    """SQL for ``text`` that is null where it equals one of the spellings of null."""
    if not spellings:
        return text
    if len(spellings) == 1:
        return f"nullif({text}, {parameters.add(spellings[0])})"
    listed = ", ".join(parameters.add(s) for s in spellings)
    return f"case when {text} in ({listed}) then null else {text} end"


def shaped(column: Column, text: str, parameters: Parameters) -> str:
    """SQL for ``text`` after the column's ``regex`` and ``lower``."""
    options = column.options
    if options.regex:
        pattern = parameters.add(options.regex)
        otherwise = "null" if options.regex_required else text
        text = (
            f"case when regexp_matches({text}, {pattern}) then regexp_extract({text}, {pattern}, 1)"
            f" else {otherwise} end"
        )
    return f"lower({text})" if options.lower else text


def _bigint(text: str) -> str:
    plain, number = _without_exponent(text), f"try_cast({text} as bigint)"
    # Written back and compared, the usual number costs half of what a pattern costs.
    return (
        rf"case when cast({number} as varchar) = {text} then {number}"
        rf" when regexp_full_match({text}, '[+-]?\d{{1,19}}') then {number}"
        rf" when regexp_full_match({plain}, '[+-]?\d{{1,40}}(?:\.0*)?')"
        rf" then try_cast(regexp_replace({plain}, '\.0*$', '') as bigint) end"
    )


def _decimal(text: str, precision: int, scale: int) -> str:
    type_ = f"decimal({precision}, {scale})"
    plain = _without_exponent(text)
    whole = f"try_cast(try_cast(split_part({text}, '.', 1) as bigint) as {type_})"
    part = f"cast('0.' || split_part({text}, '.', 2) as {type_})"
    # DuckDB 1.5 takes some 40 µs to cast a text with digits before its point to a wide decimal, and a
    # thousandth of that for the two sides of the point apart. Hence the first two branches, which take nearly
    # every value; the third is for whatever else is a number.
    return (
        rf"case when regexp_full_match({text}, '[+-]?\d{{1,18}}') then {whole}"
        rf" when regexp_full_match({text}, '[+-]?\d{{1,18}}\.\d{{1,{scale}}}')"
        rf" then case when starts_with({text}, '-') then {whole} - {part} else {whole} + {part} end"
        rf" when regexp_full_match({plain}, '[+-]?(?:\d+(?:\.\d{{0,{scale}}}0*)?|\.\d{{0,{scale}}}0*)')"
        f" then try_cast({plain} as {type_}) end"
    )


def _rounded(exact: str, text: str, precision: int, scale: int) -> str:
    plain = _without_exponent(text)
    number = rf"regexp_full_match({plain}, '[+-]?(?:\d+\.?\d*|\.\d+)')"
    return (
        f"coalesce({exact}, case when {number} then try_cast({plain} as decimal({precision}, {scale})) end)"
    )


def rounded_decimal(text: str, precision: int, scale: int) -> str:
    """SQL: the ``text`` of a binary double as text of a decimal, rounded to the scale."""
    return f"cast(try_cast({_without_exponent(text)} as decimal({precision}, {scale})) as varchar)"


def _without_exponent(text: str) -> str:
    """SQL for the number ``text`` trimmed and, if it is in E-notation, written out.

    DuckDB's own cast of E-notation rounds the mantissa and lets values pass that the type cannot hold.
    """
    trimmed = f"trim({text})"
    pattern, groups = r"^([+-]?)(\d*)\.?(\d*)[eE]([+-]?\d{1,2})$", "['sign', 'whole', 'part', 'power']"
    parsed = f"regexp_extract({trimmed}, '{pattern}', {groups})"
    digits, point = "(n.whole || n.part)", "(length(n.whole) + cast(n.power as integer))"
    written = (
        f"n.sign || case when {point} <= 0 then '0.' || repeat('0', -{point}) || {digits}"
        f" when {point} >= length({digits}) then {digits} || repeat('0', {point} - length({digits}))"
        f" else left({digits}, {point}) || '.' || substr({digits}, {point} + 1) end"
    )
    exponential = rf"regexp_full_match({trimmed}, '[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d{{1,2}}')"
    return (
        f"case when {exponential} then list_transform([{parsed}], lambda n: {written})[1] else {trimmed} end"
    )


def _timestamp(text: str, formats: tuple[str, ...], zone: str, parameters: Parameters) -> str:
    naive = f"try_cast({text} as timestamp)"
    if zone != "UTC":
        naive = _in_zone(naive, zone, parameters)
    branches = [
        f"when regexp_full_match({text}, '{_UTC}') then try_cast({_without_utc(text)} as timestamp)",
        f"when regexp_full_match({text}, '{_NAIVE}') then {naive}",
        f"when regexp_full_match({text}, '{_OFFSET}')"
        f" then timezone('UTC', try_cast({_joined(text)} as timestamptz))",
        f"when regexp_full_match({text}, '{_WITHOUT_SECONDS}')"
        f" then timezone('UTC', try_cast({_with_seconds(text)} as timestamptz))",
    ]
    branches += _epoch_branches(text, formats)
    if strptime := [f for f in formats if "%" in f]:
        listed = ", ".join(parameters.add(f) for f in strptime)
        parsed = f"try_strptime({text}, [{listed}])"
        if zone != "UTC":
            parsed = _in_zone(parsed, zone, parameters)
        branches.append(f"else {parsed}")
    return f"case {' '.join(branches)} end"


def _without_utc(text: str) -> str:
    # DuckDB's cast to timestamp ignores an offset, which is right for UTC alone; `` UTC`` it refuses.
    return f"case when suffix({text}, ' UTC') then left({text}, length({text}) - 4) else {_joined(text)} end"


def _joined(text: str) -> str:
    # DuckDB reads an offset only where no blank stands before it.
    return rf"case when contains({text}, ' ') then regexp_replace({text}, ' ([+-])', '\1') else {text} end"


def _with_seconds(text: str) -> str:
    return f"(left({text}, 16) || ':00' || ltrim(substr({text}, 17)))"


def _in_zone(naive: str, zone: str, parameters: Parameters) -> str:
    return f"timezone('UTC', timezone({parameters.add(zone)}, {naive}))"


def _epoch_branches(text: str, formats: tuple[str, ...]) -> list[str]:
    scales = {"epoch_s": 1_000_000, "epoch_ms": 1_000}
    asked = [name for name in scales if name in formats]
    if not asked:
        return []
    # Whole numbers by far most often; wide decimals are slow to read, so only a fraction asks for one.
    kinds = (
        (r"-?\d{1,16}", f"cast({text} as bigint)"),
        (r"-?\d{1,16}\.\d+", f"try_cast({text} as decimal(38, 9))"),
    )
    branches = []
    for pattern, number in kinds:
        instants = {
            name: f"case when {number} {_epoch_range(1_000_000 // scales[name])}"
            f" then make_timestamp(cast(trunc({number} * {scales[name]}) as bigint)) end"
            for name in asked
        }
        # Ten digits are seconds until the year 2286, thirteen are milliseconds since 2001.
        both = len(asked) == 2
        found = instants[asked[0]]
        if both:
            is_milliseconds = f"abs({number}) >= 100000000000"
            found = f"case when {is_milliseconds} then {instants['epoch_ms']} else {instants['epoch_s']} end"
        branches.append(f"when regexp_full_match({text}, '{pattern}') then {found}")
    return branches


def _epoch_range(per_second: int) -> str:
    return f"between {_FIRST_SECOND * per_second} and {_LAST_SECOND * per_second}"


def _date(text: str, formats: tuple[str, ...], zone: str, parameters: Parameters) -> str:
    instant = f"timezone('UTC', try_cast({_joined(text)} as timestamptz))"
    if zone != "UTC":
        instant = f"timezone({parameters.add(zone)}, try_cast({_joined(text)} as timestamptz))"
    branches = [
        rf"when regexp_full_match({text}, '\d{{4}}-\d\d-\d\d') then try_cast({text} as date)",
        rf"when regexp_full_match({text}, '\d{{8}}') then try_cast(try_strptime({text}, '%Y%m%d') as date)",
        f"when regexp_full_match({text}, '{_NAIVE}') then try_cast(try_cast({text} as timestamp) as date)",
        f"when regexp_full_match({text}, '{_UTC}|{_OFFSET}') then try_cast({instant} as date)",
        f"when regexp_full_match({text}, '{_WITHOUT_SECONDS}')"
        f" then try_cast({instant.replace(text, _with_seconds(text))} as date)",
    ]
    branches += [
        f"{b.split(' then ', 1)[0]} then try_cast({b.split(' then ', 1)[1]} as date)"
        for b in _epoch_branches(text, formats)
    ]
    if strptime := [f for f in formats if "%" in f]:
        listed = ", ".join(parameters.add(f) for f in strptime)
        branches.append(f"else try_cast(try_strptime({text}, [{listed}]) as date)")
    return f"case {' '.join(branches)} end"


def _string(column: Column, text: str, parameters: Parameters, key: PseudonymKey | None) -> str:
    options = column.options
    if options.pii == "pseudonymise":
        if key is None:
            raise ValueError(f"column {column.name} is pseudonymised, but there is no key")
        pseudonym = key.pseudonym(text, parameters, options.pseudonym_scope)
        if not options.keep_if:
            return pseudonym
        keep = parameters.add(options.keep_if)
        return f"case when regexp_matches({text}, {keep}) then {text} else {pseudonym} end"
    if options.json_text or options.extra:
        return f"case when {_shallow(text)} then {text} end"
    return text


def _shallow(text: str) -> str:
    """SQL: is the JSON ``text`` at most MAX_DEPTH levels deep? Exact, and cheap for all but deep ones."""
    brackets = rf"""regexp_replace({text}, '"(?:[^"\\]|\\.)*"|[^\[\]{{}}]', '', 'g')"""
    steps = (
        f"list_transform(string_split({brackets}, ''),"
        " lambda b: case when b in ('[', '{') then {'d': 1, 'm': 1} else {'d': -1, 'm': 0} end)"
    )
    deepest = f"list_reduce({steps}, lambda a, b: {{'d': a.d + b.d, 'm': greatest(a.m, a.d + b.d)}}).m"
    openers = f"length({text}) - length(replace(replace({text}, '[', ''), '{{', ''))"
    return (
        f"length({text}) <= {2 * MAX_DEPTH} or {openers} <= {MAX_DEPTH}"
        f" or coalesce({deepest}, 0) <= {MAX_DEPTH}"
    )
