"""Scrapes /metrics again and again with Prometheus' own parser, and watches the counters.

    scrape.py PORT COUNT

Each scrape has to parse, every sample has to belong to a family with help and a type, and no
counter may ever go down. On standard output: the summary as JSON.
"""

import json
import sys
import urllib.request
from typing import Any, Dict, Tuple

from prometheus_client.parser import text_string_to_metric_families

Key = Tuple[str, Tuple[Tuple[str, str], ...]]


def scrape(port: str, counters: Dict[Key, float]) -> Tuple[int, str]:
    """How many samples there are, and what is wrong with them."""
    with urllib.request.urlopen('http://127.0.0.1:%s/metrics' % port, timeout=20) as answer:
        text = answer.read().decode()
    samples = 0
    seen = set()
    for family in text_string_to_metric_families(text):
        if family.type not in ('counter', 'gauge', 'histogram') or not family.documentation:
            return samples, '%s: %s, %r' % (family.name, family.type, family.documentation)
        for sample in family.samples:
            samples += 1
            key = sample.name, tuple(sorted(sample.labels.items()))
            if key in seen:
                return samples, 'twice: %s' % (key,)
            seen.add(key)
            grows = family.type == 'counter' or sample.name.endswith(('_bucket', '_count', '_sum'))
            if not grows:
                continue
            if sample.value < counters.get(key, 0):
                return samples, '%s fell from %s to %s' % (key, counters[key], sample.value)
            counters[key] = sample.value
    return samples, ''


def main() -> Dict[str, Any]:
    counters: Dict[Key, float] = {}
    samples = 0
    for count in range(int(sys.argv[2])):
        samples, wrong = scrape(sys.argv[1], counters)
        if wrong:
            return {'ok': False, 'scrapes': count, 'wrong': wrong}
    return {'ok': samples > 50, 'scrapes': int(sys.argv[2]), 'samples': samples,
            'counters': len(counters)}


if __name__ == '__main__':
    print(json.dumps(main()), flush=True)
