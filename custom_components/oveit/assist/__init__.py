"""What Assist and language models ask and do: queries, sentences and phrases."""
