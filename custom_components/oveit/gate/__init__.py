"""Gates inside Home Assistant: their readers, forms and issues."""
