"""Gates inside Home Assistant: their readers, forms, issues and entities."""
