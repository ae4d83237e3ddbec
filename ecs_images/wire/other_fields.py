"""Fields of the service's answers that a simulated cloud knows nothing of, with what the service writes there.

The values, in `other_fields.json`, are those of real answers of 2023 and 2024 and of the manual's examples, for a
resource that uses none of what they are for. Whoever writes an answer puts what is known over them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_FOUND: Mapping[str, Mapping[str, Mapping[str, Any]]] = json.loads(
    Path(__file__).with_name("other_fields.json").read_text(encoding="utf-8")
)
OTHER_FIELDS = _FOUND["records"]
"""By operation (and for the disks of an image), the fields that are not among those of `wire.answers`."""
AROUND = _FOUND["answers"]
"""What stands beside the list in an answer that is fetched by page numbers, besides those and the request's id."""
