"""The deployed project: settings, URLs, entry points and the embedded Postgres. The only place that knows both apps."""
