"""Where the bill comes from: OpenAI, or a recording of it."""
