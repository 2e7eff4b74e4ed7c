"""What both sides of the measurement say."""

DOMAIN = "benchmark_probe"
READER = "benchmark-reader"
TAG_SCANNED = "tag_scanned"
OPEN_DOOR = "open_door"
