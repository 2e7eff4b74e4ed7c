"""Names that both sides of the measurement use."""

DOMAIN = "benchmark_probe"
READER = "benchmark-reader"
TAG_SCANNED = "tag_scanned"
OPEN_DOOR = "open_door"
