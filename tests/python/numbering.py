"""Numbered messages, and the book that is kept over the numbers that arrive.

A message says who sent it and its number. As text it is `<source> <number>`, with
` <filler>` behind it where a filler is wanted; as JSON it is
`{"source": …, "number": …}` with `"filler"` likewise. Numbers count up from `first`.
"""

import json
import re
from typing import Any, Dict, List, Optional, Set, Tuple

_TEXT = re.compile(r'(\S+) (\d+)(?: (.*))?', re.DOTALL)


class Numbering:
    """Makes the numbered messages of one source."""

    def __init__(self, source: str, filler: str) -> None:
        self.source = source
        self.filler = filler

    def text(self, number: int) -> str:
        text = '%s %d' % (self.source, number)
        return '%s %s' % (text, self.filler) if self.filler else text

    def json(self, number: int) -> Dict[str, Any]:
        record: Dict[str, Any] = {'source': self.source, 'number': number}
        if self.filler:
            record['filler'] = self.filler
        return record

    def bytes(self, number: int, form: str) -> bytes:
        if form == 'json':
            return json.dumps(self.json(number)).encode()
        return self.text(number).encode()


class _Line:
    """What has arrived from one source."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.next = first
        self.seen: Set[int] = set()


class Ledger:
    """Notes each message that arrives; says what was lost, reordered or torn.

    Of each expected source, `count` messages are due, numbered from `first` on (None:
    from whatever comes first). With no source named, the first to arrive is the one.
    """

    def __init__(self, sources: List[str], count: int, first: Optional[int], filler: str) -> None:
        self.sources = list(sources)
        self.count = count
        self.first = first
        self.filler = filler
        self.due = count * max(1, len(sources))
        self.lines: Dict[str, _Line] = {}
        self.taken = self.duplicated = self.reordered = self.torn = self.outside = 0
        self.foreign = 0
        self.examples: List[str] = []

    @property
    def complete(self) -> bool:
        """Whether as many messages have come as are due, right or wrong."""
        return self.taken >= self.due

    @property
    def lost(self) -> int:
        return self.due - sum(len(line.seen) for line in self.lines.values())

    @property
    def ok(self) -> bool:
        """Foreign messages are for the caller to judge."""
        faults = (self.lost, self.duplicated, self.reordered, self.torn, self.outside)
        return not any(faults)

    def note(self, payload: Any) -> None:
        """Take one message: bytes or text, either of which may hold JSON, or parsed JSON."""
        try:
            source, number, filler = _read(payload)
            if not self.sources:
                self.sources.append(source)
        except ValueError:
            self.taken += 1
            self.torn += 1
            self._example('torn', payload)
            return
        if source not in self.sources:
            self.foreign += 1
            self._example('foreign', payload)
            return
        self.taken += 1
        fault = self._place(source, number) if filler == self.filler else 'torn'
        if fault:
            setattr(self, fault, getattr(self, fault) + 1)
            self._example(fault, payload)

    def _place(self, source: str, number: int) -> Optional[str]:
        line = self.lines.get(source)
        if line is None:
            line = self.lines[source] = _Line(number if self.first is None else self.first)
        if not line.first <= number < line.first + self.count:
            return 'outside'
        if number in line.seen:
            return 'duplicated'
        line.seen.add(number)
        late = number < line.next
        line.next = max(line.next, number + 1)
        return 'reordered' if late else None

    def summary(self) -> Dict[str, Any]:
        return {
            'expected': self.due,
            'received': self.taken,
            'lost': self.lost,
            'duplicated': self.duplicated,
            'reordered': self.reordered,
            'torn': self.torn,
            'foreign': self.foreign,
            'outside': self.outside,
            'examples': self.examples,
        }

    def _example(self, fault: str, payload: Any) -> None:
        if len(self.examples) < 5:
            self.examples.append('%s: %.120r' % (fault, payload))


def _read(payload: Any) -> Tuple[str, int, str]:
    """Source, number and filler of a message; ValueError for one that is none."""
    if isinstance(payload, bytes):
        payload = payload.decode()
    if isinstance(payload, str):
        match = _TEXT.fullmatch(payload)
        if match:
            return match[1], int(match[2]), match[3] or ''
        payload = json.loads(payload)
    if not isinstance(payload, dict) or type(payload.get('number')) is not int:
        raise ValueError('not a numbered message')
    if not payload.keys() <= {'source', 'number', 'filler'}:
        raise ValueError('unknown keys')
    return str(payload.get('source')), payload['number'], payload.get('filler', '')
